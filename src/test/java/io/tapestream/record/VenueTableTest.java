package io.tapestream.record;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class VenueTableTest {
    private final VenueTable venues = new VenueTable(PackedFrames.VENUES);

    @ParameterizedTest
    @CsvSource({
        "AAPL, stock",
        "BRK.B, stock",
        "A, stock",
        "BINANCE, stock",
        "BINANCE:BTCUSDT, crypto",
        "COINBASE:BTC-USD, crypto",
        "OANDA:EUR_USD, forex",
        "IC MARKETS:1, forex",
        "IC MARKETS:1:2, forex",
        "OANDA:, forex",
        "binance:BTCUSDT, other",
        "BINANCEX:BTCUSDT, other",
        "BINANC:BTCUSDT, other",
        ":AAPL, other",
        "币安:币, other"
    })
    void findsTheAssetClassByTheVenue(String symbol, String assetClass) {
        assertThat(assetClass(venues, symbol)).isEqualTo(assetClass);
    }

    @Test
    void findsEachOfManyVenues() {
        Map<String, String> many = new HashMap<>();
        for (int i = 0; i < 500; i++) {
            many.put("V" + i, i % 2 == 0 ? "crypto" : "forex");
        }
        var table = new VenueTable(many);

        many.forEach((venue, assetClass) ->
                assertThat(assetClass(table, venue + ":X")).isEqualTo(assetClass));
        assertThat(assetClass(table, "V500:X")).isEqualTo("other");
    }

    @Test
    void needsNoVenue() {
        assertThat(assetClass(new VenueTable(Map.of()), "A:B")).isEqualTo("other");
    }

    private static String assetClass(VenueTable table, String symbol) {
        byte[] utf8 = ("xx" + symbol + ":yyyyyy").getBytes(StandardCharsets.UTF_8);
        return table.assetClass(utf8, 2, utf8.length - 9).toString();
    }
}
