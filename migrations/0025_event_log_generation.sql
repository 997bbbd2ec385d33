-- Numbers the ownerships of Kafka's partitions. Kafka's own numbers begin anew when it forgets a group, and when a group
-- changes its protocol; these never do. They begin above all that consumers stored so far, with room for members of the
-- release before that are still at work.

create sequence if not exists event_log_generation;
select setval('event_log_generation', greatest(
  (select last_value from event_log_generation),
  (select coalesce(max(generation), 0) from consumer_offset) + 1000000
));
