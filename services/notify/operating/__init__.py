"""What operators of the post see and do: messages and their tries, how the channels stand, who is not written to."""
