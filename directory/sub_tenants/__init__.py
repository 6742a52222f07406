"""What a super tenant does with the tenants below it."""
