"""What people and programs see: JSON, the decision page, mails. Free of any web framework."""
