"""Where the faces are in a picture, followed from frame to frame, and cut for the expression network."""
