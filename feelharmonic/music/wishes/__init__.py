"""What a listener may wish for: families of genres, and words that "nothing explicit" leaves out."""
