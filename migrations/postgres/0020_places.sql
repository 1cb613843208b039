-- Clients begin a message's `client_id` with the time, so new ones lie beside each other whosever they are.
DROP INDEX entries_by_client_id;
CREATE UNIQUE INDEX entries_by_client_id ON entries (client_id, conversation_id) WHERE client_id IS NOT NULL;
-- One index for both queues, by what a further message of the same customer does not move.
DROP INDEX conversations_owing_a_turn;
DROP INDEX conversations_to_index;
CREATE INDEX conversations_with_work ON conversations (waiting_since)
    WHERE customer_seq > answered_seq OR indexed_seq < last_seq;
