"""Tweet chats: the plan, the posts that leave by it, the board, the answers and what is left to do afterwards."""
