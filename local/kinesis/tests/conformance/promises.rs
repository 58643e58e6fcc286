//! List of the promises with their sources.

/// Defines a test for each promise: its name and its source in the documentation of AWS.
macro_rules! promises {
    ($($module:ident { $($promise:ident: $source:literal,)* })*) => {
        const NAMES: &[&str] = &[$($(stringify!($promise),)*)*];

        $($(
            #[doc = $source]
            #[tokio::test]
            async fn $promise() {
                crate::endpoint::keep(stringify!($promise), crate::$module::$promise).await;
            }
        )*)*
    };
}

promises! {
    streams {
        a_created_stream_becomes_active_and_describes_itself:
            "API reference, CreateStream and DescribeStreamSummary",
        a_new_stream_keeps_24_hours_unencrypted:
            "API reference, PutRecord: 'By default, data records are accessible for 24 hours'",
        a_new_on_demand_stream_has_four_shards:
            "developer guide, 'Choose the right streaming capacity mode': 4 MB/s to begin with",
        an_arn_names_a_stream_wherever_a_name_does:
            "API reference: 'either the StreamARN or the StreamName parameter, or both'",
        a_request_without_a_stream_is_refused:
            "API reference: 'you must use either the StreamARN or the StreamName'",
        a_name_in_use_is_refused: "API reference, CreateStream, ResourceInUseException",
        a_stream_name_has_1_to_128_allowed_characters:
            "API reference, CreateStream, StreamName: pattern [a-zA-Z0-9_.-]+",
        a_stream_has_at_least_one_shard: "API reference, CreateStream, ShardCount: minimum 1",
        a_deleted_stream_is_gone_with_its_records:
            "API reference, DeleteStream: DELETING, then ResourceNotFoundException",
        a_stream_that_does_not_exist_is_not_found:
            "API reference, ResourceNotFoundException of each action",
        streams_are_listed_in_pages_by_the_last_name:
            "API reference, ListStreams, ExclusiveStartStreamName",
        streams_are_listed_in_pages_by_token: "API reference, ListStreams, NextToken",
        listed_streams_come_with_their_summaries: "API reference, ListStreams, StreamSummaries",
        a_listing_gives_at_most_100_streams:
            "API reference, ListStreams, Limit: 'at most 100 results are returned'",
        a_listing_s_limit_is_1_to_10000: "API reference, ListStreams, Limit: 1 to 10,000",
        a_description_s_shards_come_in_pages:
            "API reference, DescribeStream, Limit and ExclusiveStartShardId",
        a_description_gives_at_most_100_shards:
            "API reference, DescribeStream, Limit: 'at most 100 results are returned'",
    }
    retention {
        records_are_kept_for_a_day_up_to_a_year:
            "API reference, Increase- and DecreaseStreamRetentionPeriod: 24 to 8,760 hours",
        more_than_a_year_is_refused:
            "API reference, IncreaseStreamRetentionPeriod: 'maximum value ... is 8760 hours'",
        less_than_a_day_is_refused:
            "API reference, DecreaseStreamRetentionPeriod: 'minimum value ... is 24 hours'",
        an_increase_to_less_is_refused:
            "API reference, RetentionPeriodHours: 'Must be more than the current'",
        a_decrease_to_more_is_refused:
            "API reference, RetentionPeriodHours: 'Must be less than the current'",
        an_increase_or_decrease_to_the_same_is_refused:
            "API reference, RetentionPeriodHours: 'more than', 'less than the current'",
    }
    shards {
        three_shards_have_the_ranges_of_the_guide:
            "developer guide, DescribeStream with the AWS CLI: the example of three shards",
        every_hash_belongs_to_one_open_shard:
            "developer guide, terminology: hash key ranges of the open shards",
        shards_are_listed_in_pages: "API reference, ListShards, MaxResults and NextToken",
        a_page_token_is_given_without_the_stream_s_name:
            "API reference, ListShards, NextToken: 'unambiguously identifies the stream'",
        an_unknown_page_token_is_refused: "API reference, ListShards, InvalidArgumentException",
        shards_are_listed_behind_a_given_one: "API reference, ListShards, ExclusiveStartShardId",
        a_listing_takes_1_to_10000_results: "API reference, ListShards, MaxResults: 1 to 10,000",
        a_creation_time_distinguishes_streams_of_one_name:
            "API reference, ListShards, StreamCreationTimestamp",
        at_latest_gives_the_open_shards: "API reference, ShardFilter, AT_LATEST",
        from_trim_horizon_gives_every_shard: "API reference, ShardFilter, FROM_TRIM_HORIZON",
        at_trim_horizon_gives_the_shards_open_at_that_time:
            "API reference, ShardFilter, AT_TRIM_HORIZON",
        after_shard_id_gives_those_behind_it: "API reference, ShardFilter, AFTER_SHARD_ID",
        at_timestamp_gives_the_shards_open_at_that_time: "API reference, ShardFilter, AT_TIMESTAMP",
        from_timestamp_gives_the_shards_since_that_time:
            "API reference, ShardFilter, FROM_TIMESTAMP",
        a_filter_needs_the_value_of_its_type:
            "API reference, ListShards, ShardFilter: 'you must also provide the value'",
    }
    puts {
        a_record_is_read_back_as_it_was_put: "API reference, Record: 'opaque and immutable'",
        a_record_may_be_empty: "API reference, PutRecord, Data: minimum length 0",
        the_md5_of_the_key_selects_the_shard:
            "API reference, PutRecord: 'An MD5 hash function is used'",
        an_explicit_hash_key_overrules_the_partition_key:
            "API reference, PutRecord, ExplicitHashKey",
        an_explicit_hash_key_is_a_128_bit_number:
            "API reference, PutRecord, ExplicitHashKey: pattern 0|([1-9]\\d{0,38})",
        a_partition_key_has_1_to_256_characters:
            "API reference, PutRecord, PartitionKey: 1 to 256 characters",
        sequence_numbers_rise_within_a_shard:
            "API reference, PutRecord: 'Sequence numbers increase over time'",
        a_record_can_be_ordered_behind_another:
            "API reference, PutRecord, SequenceNumberForOrdering",
        a_record_of_one_mebibyte_is_taken:
            "quotas: a record has up to 1 MiB unless the stream is told otherwise",
        a_record_over_one_mebibyte_with_its_key_is_refused:
            "API reference, 'the total size of the partition key and data blob'",
        each_record_of_a_call_is_answered_in_its_place:
            "API reference, PutRecords: 'directly correlates ... using natural ordering'",
        a_call_without_failures_counts_none:
            "API reference, PutRecords, FailedRecordCount; its example response has 0",
        a_call_takes_500_records: "API reference, PutRecords: 'up to 500 records'",
        a_call_of_501_records_is_refused: "API reference, PutRecords, Records: maximum 500",
        a_call_without_records_is_refused: "API reference, PutRecords, Records: minimum 1",
        a_call_takes_ten_mebibytes:
            "API reference, PutRecords: '10 MiB for the entire request'",
        a_call_of_more_than_ten_mebibytes_is_refused:
            "API reference, PutRecords: '10 MiB for the entire request'",
        a_dry_run_stores_nothing:
            "API reference, PutRecord, DryRun: 'Checks if your request will succeed'",
    }
    iterators {
        trim_horizon_begins_at_the_oldest: "API reference, GetShardIterator, TRIM_HORIZON",
        latest_begins_behind_the_newest: "API reference, GetShardIterator, LATEST",
        at_sequence_number_begins_with_it: "API reference, GetShardIterator, AT_SEQUENCE_NUMBER",
        after_sequence_number_begins_behind_it:
            "API reference, GetShardIterator, AFTER_SEQUENCE_NUMBER",
        a_shard_s_starting_number_is_a_place_to_begin:
            "API reference, GetShardIterator: 'sequence numbers returned by ... DescribeStream'",
        at_timestamp_begins_with_the_record_of_that_time:
            "API reference, GetShardIterator, AT_TIMESTAMP",
        at_timestamp_begins_with_the_next_record_where_there_is_none:
            "API reference, GetShardIterator, Timestamp: 'the next (later) record'",
        a_time_before_everything_begins_at_the_oldest:
            "API reference, GetShardIterator, Timestamp: 'older than the current trim horizon'",
        a_type_needs_its_starting_point:
            "API reference, GetShardIterator, InvalidArgumentException",
        a_type_that_does_not_exist_is_refused:
            "API reference, GetShardIterator, ShardIteratorType: valid values",
        a_malformed_number_is_refused:
            "API reference, GetShardIterator, StartingSequenceNumber: pattern",
        a_number_of_another_shard_is_refused:
            "API reference, StartingSequenceNumber: 'of the data record in the shard'",
        a_shard_that_does_not_exist_is_not_found:
            "API reference, GetShardIterator, ResourceNotFoundException",
        an_iterator_has_at_most_512_characters:
            "API reference, GetShardIterator, ShardIterator: maximum length 512",
    }
    reads {
        pages_give_each_record_once_and_in_order:
            "API reference, GetRecords, Limit and NextShardIterator",
        an_iterator_can_be_read_twice: "API reference, GetRecords: an iterator is a position",
        an_empty_shard_returns_no_records_and_an_iterator:
            "API reference, GetRecords: 'returns an empty list'",
        a_late_reader_is_some_milliseconds_behind: "API reference, GetRecords, MillisBehindLatest",
        a_reader_with_records_left_is_never_0_milliseconds_behind:
            "API reference, MillisBehindLatest: 'zero indicates ... no new records to process'",
        a_reader_without_records_left_is_0_milliseconds_behind:
            "API reference, MillisBehindLatest: 'zero indicates ... is caught up'",
        a_read_of_more_than_10000_records_is_refused:
            "API reference, GetRecords, Limit: 'throws InvalidArgumentException'",
        a_read_of_no_records_is_refused: "API reference, GetRecords, Limit: minimum 1",
        an_unknown_iterator_is_refused: "API reference, GetRecords, InvalidArgumentException",
        one_read_gives_at_most_ten_mebibytes:
            "API reference, GetRecords: 'maximum size of data ... is 10 MiB'",
        an_iterator_of_a_deleted_stream_finds_nothing:
            "API reference, DeleteStream: 'it receives the exception ResourceNotFoundException'",
    }
    reshards {
        a_split_closes_the_parent_and_opens_two_children:
            "API reference, SplitShard, and developer guide, 'After resharding'",
        a_closed_shard_s_range_holds_its_records: "API reference, SequenceNumberRange",
        a_child_s_numbers_are_above_its_parent_s:
            "API reference, PutRecord: 'Sequence numbers increase over time'",
        records_of_the_parent_stay_readable_in_it:
            "developer guide, 'Data routing, data persistence, and shard state after a reshard'",
        a_closed_shard_ends_by_naming_its_children:
            "API reference, GetRecords, NextShardIterator and ChildShards",
        a_closed_shard_can_still_be_read_from_its_last_number:
            "API reference, GetShardIterator: 'closed ... returns a valid iterator'",
        an_open_shard_names_no_children:
            "API reference, GetRecords, ChildShards: 'only when the end ... is reached'",
        a_merge_joins_two_neighbours: "API reference, MergeShards",
        neighbours_are_merged_whichever_is_named_first:
            "API reference, MergeShards: 'adjacent if the union ... form a contiguous set'",
        shards_that_are_not_adjacent_are_not_merged:
            "API reference, MergeShards: 'adjacent'; InvalidArgumentException",
        a_closed_shard_is_neither_split_nor_merged:
            "developer guide, shard states: CLOSED after a reshard",
        a_shard_that_is_not_there_is_not_split_or_merged:
            "API reference, SplitShard and MergeShards, ResourceNotFoundException",
        a_split_point_lies_within_the_shard:
            "API reference, SplitShard, NewStartingHashKey: 'must be in the range'",
        a_split_point_is_a_number: "API reference, SplitShard, NewStartingHashKey: pattern",
        shards_of_an_on_demand_stream_are_not_split:
            "API reference, SplitShard: 'only supported ... provisioned'; ValidationException",
        scaling_leaves_as_many_open_shards_as_asked:
            "API reference, UpdateShardCount, UNIFORM_SCALING",
        scaling_to_more_than_double_is_refused:
            "API reference, UpdateShardCount: 'more than double'",
        scaling_to_less_than_half_is_refused: "API reference, UpdateShardCount: 'below half'",
    }
    protocol {
        a_signed_request_is_answered_in_json_1_1:
            "API reference: protocol json 1.1, as its examples show",
        every_answer_has_a_request_id: "developer guide: x-amzn-RequestId in the examples",
        a_refusal_has_status_400_a_type_and_a_message: "API reference, errors: HTTP status 400",
        an_unsigned_request_is_refused_with_403:
            "API reference, common errors: MissingAuthenticationToken, 403",
        an_unknown_action_is_refused: "API reference, common errors: an invalid action, 400",
        a_body_that_is_no_json_is_refused:
            "API reference, common errors; SerializationException of AWS JSON",
    }
}

#[test]
fn every_listed_difference_names_a_promise() {
    for promise in crate::differences::all().keys() {
        assert!(NAMES.contains(&promise.as_str()), "there is no promise {promise}");
    }
}
