"""What lies behind a gate: evidence, mails, living evidence, and versions that give way."""
