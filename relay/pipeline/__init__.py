"""The pipeline: runs plugins over one submission, in order and in their deadlines, and makes one decision of what they saw."""
