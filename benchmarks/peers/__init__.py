"""What the relay is measured against: a bare loop, mosquitto, and versions written in an afternoon."""
