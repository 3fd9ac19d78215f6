"""What a post in a tweet chat is: the question it belongs to, the lane it stands in, and which are near-identical."""
