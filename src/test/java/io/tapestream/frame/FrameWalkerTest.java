package io.tapestream.frame;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import io.tapestream.frame.FrameWalker.Kind;
import io.tapestream.frame.MessageReading.TradeReading;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The messages here are written with {@code '} for the quotation mark. */
class FrameWalkerTest {
    private static final String TRADE = "{'c':['1','12'],'p':1.5,'s':'A','t':1,'v':2}";

    private final WalkerReader reader = new WalkerReader();
    private final FrameWalker walker = new FrameWalker();

    @ParameterizedTest
    @CsvSource({
        "btc_20240721.json, 10",
        "docs_type_first.json, 1",
        "docs_data_first_no_c.json, 1",
        "docs_spaced.json, 2",
        "btc_20210629_pretty.json, 5",
        "aapl_20220214_identical_pair.json, 2",
        "firebird_valid.json, 2"
    })
    void findsTheTradesOfAMessageHoweverItIsWritten(String payload, int trades) {
        MessageReading reading = reader.apply(Messages.payload(payload));
        assertThat(reading.kind()).isEqualTo("TRADES");
        assertThat(reading.trades()).hasSize(trades).allMatch(t -> t.defect().equals("NONE"));
    }

    @Test
    void readsAPrettyMessageLikeTheSameMessageFromTheWire() {
        assertThat(withoutSource(reader.apply(Messages.payload("btc_20210629_pretty.json"))))
                .isEqualTo(withoutSource(reader.apply(Messages.payload("btc_20210629_small_volume.json"))));
    }

    @Test
    void readsATradeTheSameInAllOrdersOfItsKeys() {
        List<String> fields = List.of("'c':['1','12']", "'p':1.5", "'s':'A'", "'t':1", "'v':2");
        List<String> orders = permutations(fields);
        assertThat(orders).hasSize(120);
        for (String order : orders) {
            assertThat(trade("{" + order + "}")).satisfies(FrameWalkerTest::isTheTrade);
            assertThat(trade("{ " + order.replace(",", "\t,\r\n").replace(":", " : ") + " }"))
                    .satisfies(FrameWalkerTest::isTheTrade);
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{'data':[" + TRADE + "],'type':'trade'}",
                "{'type':'trade','data':[" + TRADE + "]}",
                " {\t'type' :\r\n'trade' , 'data': [ " + TRADE + " ] } \n",
                "{'\\u0064ata':[" + TRADE + "],'typ\\u0065':'\\u0074rade'}",
                "{'type':'ping','data':[],'type':'trade','data':[" + TRADE + "]}",
                "{'data':null,'type':1,'data':[" + TRADE + "],'type':'trade'}",
                "{'x':{'data':[1],'type':'ping'},'data':[" + TRADE + "],'y':[[{}],'data'],'type':'trade'}",
                "\uFEFF{'data':[" + TRADE + "],'type':'trade'}"
            })
    void findsTheTradesWhereverTypeAndDataStand(String message) {
        MessageReading reading = read(message);
        assertThat(reading.kind()).isEqualTo("TRADES");
        assertThat(reading.trades()).hasSize(1).allSatisfy(FrameWalkerTest::isTheTrade);
    }

    @ParameterizedTest
    @CsvSource({
        "btc_20240721.json, ''",
        "aapl_20200414_no_c.json, ''",
        "tsla_goog_20230120_empty_c.json, ''",
        "tsla_aapl_20221229.json, '1,8,24,12'"
    })
    void readsConditionsInTheirOrder(String payload, String conditions) {
        TradeReading first = reader.apply(Messages.payload(payload)).trades().get(0);
        assertThat(String.join(",", first.conditions())).isEqualTo(conditions);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"7.57e-06", "8.13548e+8", "5E-7", "1e0", "100", "100.0", "1.721555886208e12", "2.4970168e+07"})
    void handsOutNumbersAsTheyWereReceived(String number) {
        String fields = "'s':'A','p':#,'v':#,'t':#".replace("#", number);
        assertThat(trade("{" + fields + "}"))
                .extracting(TradeReading::price, TradeReading::volume, TradeReading::tradedAt)
                .containsOnly(number);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "164.0601",
                "0.1",
                "9007199254740993",
                "1.0000000000000001",
                "1e400",
                "1e999999999",
                "-1",
                "0",
                "-0",
                "-0.0",
                "12345678901234567890123456789012345678",
                "123456789012345678901234567890123456789"
            })
    void leavesTheJudgementOfValuesToOthers(String number) {
        TradeReading trade = trade("{'s':'A','t':0,'v':0,'p':" + number + "}");
        assertThat(trade.defect()).isEqualTo("NONE");
        assertThat(trade.price()).isEqualTo(number);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "IC MARKETS:1",
                "BINANCE:\u5e01\u5b89\u4eba\u751fUSDT",
                "OANDA:EUR_USD",
                "BTC/USD",
                "A",
                "aapl",
                "BRK\\\"B",
                ""
            })
    void readsSymbolsAsTheyAre(String symbol) {
        assertThat(trade("{'s':'" + symbol + "','p':1,'t':1,'v':1}").symbol()).isEqualTo(symbol.replace("\\", ""));
    }

    @ParameterizedTest
    @CsvSource(
            quoteCharacter = '`',
            value = {
                "BINANCE:\\u5e01\\u5b89\\u4eba\\u751fUSDT, BINANCE:\u5e01\u5b89\u4eba\u751fUSDT",
                "A\\\"B\\\\C\\/\\u0041\\ud83d\\ude00, A\"B\\C/A\ud83d\ude00",
                "BTC\\/USD, BTC/USD",
                "\\u0041\\u0041\\u0050\\u004C, AAPL"
            })
    void readsAnEscapedSymbolLikeTheRawOne(String escaped, String raw) {
        assertThat(trade("{'s':'" + escaped + "','p':1,'t':1,'v':1}").symbol()).isEqualTo(raw);
    }

    static List<Arguments> defects() {
        return List.of(
                arguments("null", "WRONG_TYPE"),
                arguments("1", "WRONG_TYPE"),
                arguments("'x'", "WRONG_TYPE"),
                arguments("[" + TRADE + "]", "WRONG_TYPE"),
                arguments("{'p':'1.5','s':'A','t':1,'v':2}", "WRONG_TYPE"),
                arguments("{'p':1.5,'s':5,'t':1,'v':2}", "WRONG_TYPE"),
                arguments("{'p':1.5,'s':'A','t':true,'v':2}", "WRONG_TYPE"),
                arguments("{'p':1.5,'s':'A','t':1,'v':{}}", "WRONG_TYPE"),
                arguments("{'c':[14,null],'p':1.5,'s':'A','t':1,'v':2}", "WRONG_TYPE"),
                arguments("{'c':['1',null],'p':1.5,'s':'A','t':1,'v':2}", "WRONG_TYPE"),
                arguments("{'c':'1','p':1.5,'s':'A','t':1,'v':2}", "WRONG_TYPE"),
                arguments("{'c':{},'p':1.5,'s':'A','t':1,'v':2}", "WRONG_TYPE"),
                arguments("{}", "MISSING_FIELD"),
                arguments("{'s':'A','t':1,'v':2}", "MISSING_FIELD"),
                arguments("{'p':1.5,'t':1,'v':2}", "MISSING_FIELD"),
                arguments("{'p':1.5,'s':'A','v':2}", "MISSING_FIELD"),
                arguments("{'p':1.5,'s':'A','t':1}", "MISSING_FIELD"),
                arguments("{'p':null,'s':'A','t':1,'v':2}", "MISSING_FIELD"),
                arguments("{'p':1.5,'s':null,'t':1,'v':2}", "MISSING_FIELD"),
                arguments("{'P':1.5,'s':'A','t':1,'v':2}", "MISSING_FIELD"),
                arguments("{'p':1.5,'s':'\\ud800','t':1,'v':2}", "LONE_SURROGATE"),
                arguments("{'p':1.5,'s':'\\ude00\\ud83d','t':1,'v':2}", "LONE_SURROGATE"),
                arguments("{'p':1.5,'s':'\\ud83d\\ud83d\\ude00','t':1,'v':2}", "LONE_SURROGATE"),
                arguments("{'c':['1','\\udfff'],'p':1.5,'s':'A','t':1,'v':2}", "LONE_SURROGATE"),
                arguments("{'p':'1.5','s':'\\ud800'}", "WRONG_TYPE"),
                arguments("{'s':'\\ud800','t':1,'v':2}", "MISSING_FIELD"),
                arguments("{'c':[1],'p':1.5,'s':'\\ud800','t':1}", "WRONG_TYPE"));
    }

    @ParameterizedTest
    @MethodSource("defects")
    void tellsTheWorstDefectOfATradeAndKeepsItsNeighbours(String element, String defect) {
        List<TradeReading> trades = read("{'data':[" + TRADE + "," + element + "," + TRADE + "],'type':'trade'}")
                .trades();
        assertThat(trades).extracting(TradeReading::defect).containsExactly("NONE", defect, "NONE");
        assertThat(trades.get(0)).satisfies(FrameWalkerTest::isTheTrade);
        assertThat(trades.get(2)).satisfies(FrameWalkerTest::isTheTrade);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{'c':null,'p':2,'s':'B','t':7,'v':7,'c':['1','12'],'p':1.5,'s':'A','t':1,'v':2}",
                "{'c':5,'p':'','s':7,'t':{},'v':[],'v':2,'t':1,'s':'A','p':1.5,'c':['1','12']}",
                "{'c':['\\ud800',8],'s':'\\ud800','s':'A','p':null,'p':1.5,'t':1,'v':2,'\\u0063':['1','12']}",
                "{'x':{'s':'B','p':[{}]},'c':['1','12'],'p':1.5,'y':'\\ud800','s':'A','\\ud800':1,'t':1,'v':2,'':{}}"
            })
    void takesTheLastOfDuplicateKeysAndSkipsUnknownFields(String element) {
        assertThat(trade(element)).satisfies(FrameWalkerTest::isTheTrade);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{'c':['1'],'p':1,'s':'A','t':1,'v':1,'c':null}",
                "{'c':['1'],'p':1,'s':'A','t':1,'v':1,'c':[]}",
                "{'c':[1],'p':1,'s':'A','t':1,'v':1,'c':null}"
            })
    void takesALaterNullForNoConditions(String element) {
        assertThat(trade(element).defect()).isEqualTo("NONE");
        assertThat(trade(element).conditions()).isEmpty();
    }

    @ParameterizedTest
    @CsvSource(
            quoteCharacter = '`',
            delimiter = '|',
            value = {
                "{'type':'trade','data':[]} | TRADES | trade",
                "{'type':'trade','data':null} | TRADES | trade",
                "{'type':'trade','data':{}} | TRADES | trade",
                "{'type':'trade'} | TRADES | trade",
                "{'type':'trade','data':[{}],'data':'x'} | TRADES | trade",
                "{'type':'ping'} | PING | ping",
                "{'msg':'Subscribing to too many symbols','type':'error'} | ERROR | error",
                "{'data':[{'headline':'x'}],'type':'news'} | OTHER | news",
                "{'type':'trade','type':'news','data':[{}]} | OTHER | news",
                "{'type':'Trade','data':[{}]} | OTHER | Trade",
                "{'type':'tra\\u0000de'} | OTHER | tra\u0000de",
                "{'type':'\\ud800'} | OTHER | \uFFFD",
                "{'type':'aaaaaaaaaabbbbbbbbbbccccccccccd\ud83d\ude00e'} | OTHER | aaaaaaaaaabbbbbbbbbbccccccccccd\ud83d\ude00",
                "{'type':1,'data':[{}]} | OTHER | ``",
                "{'type':'trade','type':null,'data':[{}]} | OTHER | ``",
                "{'type':['trade'],'data':[{}]} | OTHER | ``",
                "{} | OTHER | ``",
                "[{'ev':'T'}] | OTHER | ``",
                "'trade' | OTHER | ``",
                "-0.5e1 | OTHER | ``",
                "null | OTHER | ``"
            })
    void tellsWhatAMessageWithoutTradesIs(String message, String kind, String typeName) {
        assertThat(read(message)).isEqualTo(new MessageReading(kind, typeName, List.of()));
    }

    @Test
    void forgetsTheTradesOfTheMessageBefore() {
        walk("{'data':[" + TRADE + "," + TRADE + "],'type':'trade'}");
        assertThat(walker.tradeCount()).isEqualTo(2);
        assertThat(walk("{'data':[" + TRADE)).isEqualTo(Kind.BROKEN);
        assertThat(walker.tradeCount()).isZero();
        assertThat(walker.typeName()).isEmpty();
        assertThatThrownBy(() -> walker.trade(0)).isInstanceOf(IndexOutOfBoundsException.class);
    }

    @Test
    void tellsWhereAnElementLiesWithoutTheSpaceAroundIt() {
        assertThat(read("{'type':'trade','data':[ {'s' : 1 } ,  null\t, -1.5e3 ,[ [ ] ] , '\\\\' ] }")
                        .trades())
                .extracting(TradeReading::source)
                .containsExactly("{\"s\" : 1 }", "null", "-1.5e3", "[ [ ] ]", "\"\\\\\"");
    }

    @Test
    void readsHeapBuffersAndReadOnlyOnes() {
        ByteBuffer heap = ByteBuffer.wrap(bytes("{'data':[" + TRADE + "],'type':'trade'}"));
        for (ByteBuffer buffer :
                List.of(heap, heap.asReadOnlyBuffer(), heap.duplicate().position(5))) {
            assertThat(walker.walk(buffer, 0, buffer.limit())).isEqualTo(Kind.TRADES);
            assertThat(walker.trade(0).symbolOffset()).isEqualTo(38);
        }
        assertThatThrownBy(() -> walker.walk(heap, 1, heap.limit())).isInstanceOf(IndexOutOfBoundsException.class);
    }

    private TradeReading trade(String element) {
        List<TradeReading> trades =
                read("{'data':[" + element + "],'type':'trade'}").trades();
        assertThat(trades).hasSize(1);
        return trades.get(0);
    }

    private MessageReading read(String message) {
        return reader.apply(bytes(message));
    }

    private Kind walk(String message) {
        byte[] bytes = bytes(message);
        return walker.walk(ByteBuffer.wrap(bytes), 0, bytes.length);
    }

    private static byte[] bytes(String message) {
        return message.replace('\'', '"').getBytes(StandardCharsets.UTF_8);
    }

    private static void isTheTrade(TradeReading trade) {
        assertThat(trade).isEqualTo(new TradeReading("NONE", trade.source(), "A", "1.5", "2", "1", List.of("1", "12")));
    }

    private static List<TradeReading> withoutSource(MessageReading reading) {
        return reading.trades().stream()
                .map(t -> new TradeReading(
                        t.defect(), "", t.symbol(), t.price(), t.volume(), t.tradedAt(), t.conditions()))
                .toList();
    }

    private static List<String> permutations(List<String> parts) {
        if (parts.size() == 1) {
            return parts;
        }
        return parts.stream()
                .flatMap(first -> {
                    List<String> rest = new ArrayList<>(parts);
                    rest.remove(first);
                    return permutations(rest).stream().map(tail -> first + "," + tail);
                })
                .toList();
    }
}
