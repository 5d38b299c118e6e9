package io.tapestream.frame;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Nothing is read from a message that is not whole, valid JSON. {@code '} stands for the quotation mark. */
class BrokenMessageTest {
    private static final int MEGABYTE = 1 << 20;

    private final WalkerReader reader = new WalkerReader();

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{'data':[{'p:1.5,'s':'A','t':1,'v':1}],'type':'trade'}",
                "'data':[{'c':['1'],'p':1,'s':'A','t':1,'v':1}],'type':'trade'}",
                "{'data':[{'best_ask:'90.7}],'type':'trade'}",
                "{'data':[{'p':1,},],'type':'trade'}",
                "{'data':[{'p':1},],'type':'trade'}",
                "{'data':[{'p':1}{'p':1}],'type':'trade'}",
                "{'data':[,{'p':1}],'type':'trade'}",
                "{'data':[],'type':'trade',}",
                "{'data':[]'type':'trade'}",
                "{'data' [],'type':'trade'}",
                "{'data':[,'type':'trade'}",
                "{'data':[},'type':'trade'}",
                "{'data':[],'type':'trade']",
                "{data:[],'type':'trade'}",
                "{'data':[],'type':'trade'",
                "{'data':[],'type':'trade",
                "{'data':[],'type':'trade'}}",
                "{'data':[],'type':'trade'}{'data':[],'type':'trade'}",
                "{'data':[],'type':'trade'} x",
                "{'data':[],'type':'trade'}/**/",
                "{'data':[],1:2,'type':'trade'}",
                "{'data':[],'x':,'type':'trade'}",
                "{'data':[],'x':nul,'type':'trade'}",
                "{'data':[],'x':nullx,'type':'trade'}",
                "{'data':[],'x':True,'type':'trade'}",
                "{'data':[],'x':\u00e9,'type':'trade'}",
                "{'data':[],'x'\u00a0:1,'type':'trade'}"
            })
    void isRefusedForItsStructure(String message) {
        isBroken(bytes(message));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "NaN",
                "Infinity",
                "-Infinity",
                "01",
                "00",
                "-01",
                ".5",
                "5.",
                "5.e1",
                "+1",
                "-",
                "--1",
                "1e",
                "1e+",
                "1E-",
                "1e1.5",
                "1.2.3",
                "0x10",
                "1_000",
                "1 000",
                "\u0661"
            })
    void isRefusedForANumber(String number) {
        isBroken(bytes("{'data':[{'p':" + number + ",'s':'A','t':1,'v':1}],'type':'trade'}"));
        isBroken(bytes("{'x':" + number + ",'data':[{'p':1,'s':'A','t':1,'v':1}],'type':'trade'}"));
        isBroken(bytes(number));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "\\",
                "\\x",
                "\\a",
                "\\u",
                "\\u12",
                "\\u123g",
                "\\u00 41",
                "\\U0041",
                "\\ud83d\\u",
                "\\ud83d\\ude0",
                "\n",
                "\t",
                "\u0000",
                "\u001f"
            })
    void isRefusedForAString(String text) {
        isBroken(bytes("{'data':[{'p':1,'s':'" + text + "','t':1,'v':1}],'type':'trade'}"));
        isBroken(bytes("{'" + text + "':1,'data':[{'p':1,'s':'A','t':1,'v':1}],'type':'trade'}"));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "80",
                "bf",
                "c3",
                "c328",
                "c080",
                "c1bf",
                "e5b8",
                "e08080",
                "e09fbf",
                "eda080",
                "edbfbf",
                "eda0bdedb880",
                "f0808080",
                "f08fbfbf",
                "f0908080f0",
                "f4908080",
                "f5808080",
                "f8888080808080",
                "fe",
                "ff",
                "e282",
                "f09f98"
            })
    void isRefusedForItsUtf8(String hex) {
        String latin1 = new String(HexFormat.of().parseHex(hex), StandardCharsets.ISO_8859_1);
        String message = "{'data':[{'p':1,'s':'" + latin1 + "','t':1,'v':1}],'type':'trade'}";
        isBroken(message.replace('\'', '"').getBytes(StandardCharsets.ISO_8859_1));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "20",
                "0a",
                "00",
                "efbbbf",
                "efbb",
                "efbbbf20",
                "efbbbfefbbbf7b7d",
                "20efbbbf7b7d",
                "7b7d00",
                "7b7d0a00",
                "007b7d",
                "7b7defbbbf",
                "feff007b007d",
                "7b007d00"
            })
    void isRefusedForTheBytesAroundIt(String hex) {
        isBroken(HexFormat.of().parseHex(hex));
    }

    @Test
    void isEveryTruncationOfARealFrame() {
        List<byte[]> frames = Messages.capturedFrames();
        FrameWalker walker = new FrameWalker();
        for (byte[] frame : frames) {
            ByteBuffer buffer = ByteBuffer.wrap(frame);
            for (int length = 0; length < frame.length; length++) {
                assertThat(walker.walk(buffer, 0, length)).isEqualTo(FrameWalker.Kind.BROKEN);
                assertThat(walker.tradeCount()).isZero();
            }
            assertThat(walker.walk(buffer, 0, frame.length)).isNotEqualTo(FrameWalker.Kind.BROKEN);
        }
    }

    @Test
    void isOneLevelDeeperThanAllowed() {
        assertThat(reader.apply(nested(512)).kind()).isEqualTo("OTHER");
        isBroken(nested(513));
        isBroken(nested(100_000));
        isBroken("[".repeat(100_000).getBytes(StandardCharsets.US_ASCII));
        isBroken(bytes("{'x':".repeat(100_000)));
        assertThat(reader.apply(inTrade(509)).trades()).hasSize(1);
        isBroken(inTrade(510));
    }

    @Test
    void isNotAMessageOfTheLargestLength() {
        String trade = "{'c':null,'p':1.5,'s':'A','t':1,'v':2}";
        int trades = MEGABYTE / (trade.length() + 1) - 1;
        String message = "{'data':[" + trade + ("," + trade).repeat(trades - 1) + "],'type':'trade'}";
        assertThat(reader.apply(bytes(message)).trades())
                .hasSize(trades)
                .allMatch(t -> t.price().equals("1.5"));
        String digits = "7".repeat(MEGABYTE);
        assertThat(reader.apply(bytes("{'data':[{'p':" + digits + ",'s':'A','t':1,'v':1}],'type':'trade'}"))
                        .trades())
                .singleElement()
                .matches(t -> t.price().equals(digits));
        isBroken(bytes("[" + "\\".repeat(MEGABYTE)));
        isBroken(bytes(" ".repeat(MEGABYTE)));
    }

    private void isBroken(byte[] message) {
        assertThat(reader.apply(message)).isEqualTo(MessageReading.BROKEN);
    }

    private static byte[] nested(int depth) {
        return ("[".repeat(depth) + "]".repeat(depth)).getBytes(StandardCharsets.US_ASCII);
    }

    private static byte[] inTrade(int depth) {
        String nested = new String(nested(depth), StandardCharsets.US_ASCII);
        return bytes("{'type':'trade','data':[{'x':" + nested + "}]}");
    }

    private static byte[] bytes(String message) {
        return message.replace('\'', '"').getBytes(StandardCharsets.UTF_8);
    }
}
