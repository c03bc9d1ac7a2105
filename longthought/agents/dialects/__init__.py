"""The language of requests and replies: what agents are asked, and how their replies are read."""
