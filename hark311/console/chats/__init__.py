"""The pages of tweet chats: plan, board, stage, recap, and what anybody may read of an event."""
