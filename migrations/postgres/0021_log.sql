-- Entries lie in the order in which they were written; here they always did.
SELECT 1;
