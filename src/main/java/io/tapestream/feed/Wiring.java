package io.tapestream.feed;

/** What every connection of a feed is made with. */
record Wiring(
        FeedSettings settings,
        Endpoint endpoint,
        ApiKey key,
        FeedClient.Handlers handlers,
        Surroundings surroundings,
        FeedMetrics metrics) {}
