"""Images and sound: the exercises of 11_augmentation."""
