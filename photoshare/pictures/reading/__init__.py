"""What Pillow's decoders leave open: colours without a profile, large pictures, odd JPEGs."""
