package io.tapestream.replay;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tapestream.frame.Frame;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class MarketFrameTest {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final long DAY = 86_400_000;

    private final MarketFrame frame = new MarketFrame();

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                // all, some and none of the symbols
                "A,B|[{'s':'A'#},{'s':'B'#}]|[{'s':'A'#},{'s':'B'#}]",
                "A|[{'s':'A'#},{'s':'B'#}]|[{'s':'A'#}]",
                "B|[{'s':'A'#},{'s':'B'#}]|[{'s':'B'#}]",
                "B|[{'s':'A'#},{'s':'B'#},{'s':'A'#},{'s':'B'#}]|[{'s':'B'#},{'s':'B'#}]",
                "C|[{'s':'A'#},{'s':'B'#}]|",
                // the trades' own bytes stay as they are, what is between them does not
                "A|[ { 's' : 'A' # , 'x':[{'s':'B'}]} ,\t{'s':'B'#} , {'s':'A'#} ]"
                        + "|[ { 's' : 'A' # , 'x':[{'s':'B'}]},{'s':'A'#} ]",
                // symbols are compared decoded, and without regard to case
                "a|[{'s':'A'#},{'s':'B'#}]|[{'s':'A'#}]",
                "A|[{'s':'\\u0041'#},{'s':'B'#}]|[{'s':'\\u0041'#}]",
                "BINANCE:\u5e01|[{'s':'BINANCE:\\u5e01'#},{'s':'BINANCE:\u5e01'#},{'s':'B'#}]"
                        + "|[{'s':'BINANCE:\\u5e01'#},{'s':'BINANCE:\u5e01'#}]",
                "IC MARKETS:1|[{'s':'IC MARKETS:1'#},{'s':'IC'#}]|[{'s':'IC MARKETS:1'#}]",
                // trades without a symbol go along, but alone go to everybody
                "A|[null,{'s':'A'#},7,{'s':'B'#},{'s':1#}]|[null,{'s':'A'#},7,{'s':1#}]",
                "B|[null,{'s':'A'#}]|",
                "B|[null,'x']|[null,'x']",
                "B|[]|[]",
            })
    void cutsAFrameToTheTradesOfSubscribedSymbols(String symbols, String data, @Nullable String expected) {
        load(message(data), 0);
        assertThat(select(symbols.split(","))).isEqualTo(expected == null ? null : message(expected));
    }

    private static String message(String data) {
        String trades = data.replace("#", ",'p':1,'t':1700000000000,'v':2").replace('\'', '"');
        return "{\"data\":" + trades + ",\"type\":\"trade\"}";
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "{\"type\":\"news\",\"data\":[{\"s\":\"A\"}]}",
                "{\"data\":[{\"p\":1,\"s\":\"A\"",
                "not JSON",
                "{}",
                "{\"type\":\"trade\",\"data\":null}"
            })
    void sendsMessagesWithoutTradesWholeToEverybody(String message) {
        load(message, 5000);
        assertThat(select("B")).isEqualTo(message);
    }

    @Test
    void keepsWhatStandsAroundTheTradesOfACutFrame() {
        load(
                "{ \"type\":\"trade\", \"n\":{\"a\":[1,2]} , \"data\" : [ " + trade("A") + " , " + trade("B") + " ] } ",
                0);
        assertThat(select("B"))
                .isEqualTo("{ \"type\":\"trade\", \"n\":{\"a\":[1,2]} , \"data\" : [ " + trade("B") + " ] } ");
    }

    private static String trade(String symbol) {
        return "{\"c\":null,\"p\":1,\"s\":\"" + symbol + "\",\"t\":1700000000000,\"v\":1}";
    }

    @ParameterizedTest
    @CsvSource({
        "1700000000000, 86400000, 1700086400000",
        "1700000000000, -86400000, 1699913600000",
        "1700000000000.0, 1, 1700000000001",
        "1.7e12, 1, 1700000000001",
        "1700000000000.5, 1, 1700000000000.5",
        "946684799999, 1, 946684799999",
        "946684800000, 1, 946684800001",
        "999999999999, 1, 1000000000000",
        "4102444799999, 1, 4102444800000",
        "4102444800000, 1, 4102444800000",
        "0, 1, 0",
        "-1, 1, -1",
        "1e400, 1, 1e400",
        "99999999999999999999999, 1, 99999999999999999999999",
    })
    void movesTimesThatArePlausibleAndNoOthers(String time, long shiftMillis, String moved) {
        String message = "{\"data\":[{\"t\":%s,\"x\":{\"t\":%s},\"s\":\"A\",\"p\":1700000000000,\"v\":1},"
                + "{\"s\":\"B\",\"p\":1,\"v\":1,\"t\":%s}],\"type\":\"trade\"}";
        load(message.formatted(time, time, time), shiftMillis);
        assertThat(select("A", "B")).isEqualTo(message.formatted(moved, time, moved));
    }

    @Test
    void movesTheLastOfDuplicateTimes() {
        String message = "{\"data\":[{\"t\":1700000000000,\"s\":\"A\",\"p\":1,\"v\":1,\"t\":%s}],\"type\":\"trade\"}";
        load(message.formatted("1700000000000"), 7);
        assertThat(select("A")).isEqualTo(message.formatted("1700000000007"));
    }

    @Test
    void cutsAndMovesEveryCapturedFrameAsJacksonWould() throws Exception {
        for (Path capture : new Path[] {MarketBuilder.AAPL, MarketBuilder.CRYPTO}) {
            Set<String> subscribed = new HashSet<>();
            for (String symbol : MarketBuilder.symbolsOf(capture)) {
                if (subscribed.size() % 2 == 0 || symbol.hashCode() % 2 == 0) {
                    subscribed.add(symbol);
                }
            }
            for (byte[] bytes : MarketBuilder.framesOf(capture)) {
                String text = new String(bytes, StandardCharsets.UTF_8);
                load(text, DAY);
                assertThat(asJson(select(subscribed.toArray(String[]::new)))).isEqualTo(expected(text, subscribed));
            }
        }
    }

    private static @Nullable JsonNode asJson(@Nullable String text) throws Exception {
        return text == null ? null : JSON.readTree(text);
    }

    private static @Nullable JsonNode expected(String text, Set<String> subscribed) throws Exception {
        var message = (ObjectNode) JSON.readTree(text);
        if (!message.has("data")) {
            return message;
        }
        var trades = JSON.createArrayNode();
        for (JsonNode trade : message.path("data")) {
            if (subscribed.contains(trade.path("s").asText())) {
                ((ObjectNode) trade).put("t", trade.path("t").asLong() + DAY);
                trades.add(trade);
            }
        }
        return trades.isEmpty() ? null : message.set("data", trades);
    }

    @Test
    void sendsEveryPayloadThatHasTradesByteForByteToWhoeverSubscribedAll() throws Exception {
        try (var files = Files.list(Path.of("src/test/resources/payloads"))) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                String text = Files.readString(file);
                load(text, 0);
                Set<String> all = new HashSet<>();
                for (int i = 0; i < frame.tradeCount(); i++) {
                    all.add(String.valueOf(frame.symbol(i)));
                }
                assertThat(select(all.toArray(String[]::new)))
                        .as(file.toString())
                        .isEqualTo(text);
            }
        }
    }

    private void load(String message, long shiftMillis) {
        byte[] bytes = ("xx" + message + "}").getBytes(StandardCharsets.UTF_8);
        ByteBuffer buffer = ByteBuffer.allocateDirect(bytes.length).put(bytes);
        frame.load(new Frame().wrap(buffer, 2, bytes.length - 3), shiftMillis);
    }

    private @Nullable String select(String... symbols) {
        Set<String> keys = new HashSet<>();
        for (String symbol : symbols) {
            keys.add(MarketFrame.symbolKey(symbol));
        }
        return frame.select(keys)
                ? new String(frame.selection(), 0, frame.selectionLength(), StandardCharsets.UTF_8)
                : null;
    }
}
