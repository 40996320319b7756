"""Data, training, evaluation and export of the networks. The app never imports anything from here.

Training imports the app's own `prepare`, so that a network sees the same input in training and in serving.
"""
