"""Other systems that send their own messages, by an API that the clients of GOV.UK Notify speak."""
