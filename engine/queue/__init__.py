"""Which jobs there are and whose turn it is: the database, the scheduler and the view of both. Runs no job."""
