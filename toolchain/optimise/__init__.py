"""Techniques that make a Keras model fit, as steps that say what they cost and what they bought."""
