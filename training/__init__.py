"""How the networks were made: data, augmentation, training, export, evaluation. Never imported by the app.

Training imports the app's own `prepare` arithmetic, so that training and serving cannot drift apart.
"""
