"""What is done to a vector before it leaves for a store, and undone when it comes back."""
