/** What finds ended runs and old files by their age. */

export const retentionIndexes = /* sql */ `
create index run_ended on yumagate.run (ended_at) where ended_at is not null;
-- Those that the gateway made, and those that callers sent.
create index file_made_age on yumagate.file (created_at) where purpose = 'pipeline_output';
create index file_sent_age on yumagate.file (created_at) where purpose <> 'pipeline_output';
`
