"""The long sizes of all promises, run in pieces that can be interrupted at any moment: make soak."""
