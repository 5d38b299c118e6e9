package io.tapestream.frame;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;

/**
 * Makes messages of the feed's shape in all its spellings, and damages a share of them. The same seed makes the same
 * messages.
 */
final class MessageGenerator {
    private static final String[] SYMBOLS = {
        "AAPL",
        "A",
        "",
        "IC MARKETS:1",
        "BINANCE:BTCUSDT",
        "BINANCE:\u5e01\u5b89\u4eba\u751fUSDT",
        "BRK\"B",
        "a\\b/c",
        "\ud83d\ude00",
        "\u0001\t\n\u00e9",
        "\ud800",
        "x\udc00\ud83d\ude00",
        "\ud83d\ud83d\ude00",
        "\uffff"
    };
    private static final String[] TYPES = {"ping", "error", "news", "Trade", "trade ", "", "\ud800trade"};
    private static final String[] OTHER_KEYS = {"", "ss", "S", "P", "dat", "types", "s\u0000", "\u00e9", "x"};
    private static final String[] FIELDS = {"c", "p", "s", "t", "v"};
    private static final String[] SPACES = {" ", "\t", "\n", "\r", " \r\n\t", "  "};

    private static final HexFormat LOWER = HexFormat.of();
    private static final HexFormat UPPER = HexFormat.of().withUpperCase();

    private final Random random;
    private final Damage damage;
    private final StringBuilder text = new StringBuilder();
    private boolean spaced;
    private boolean escaping;
    private boolean exponents;
    private boolean nesting;
    private boolean repeating;
    private boolean odd;

    MessageGenerator(long seed) {
        random = new Random(seed);
        damage = new Damage(random);
    }

    byte[] next() {
        spaced = chance(30);
        escaping = chance(40);
        exponents = chance(40);
        nesting = chance(40);
        repeating = chance(40);
        odd = chance(40);
        text.setLength(0);
        text.append(chance(3) ? "\uFEFF" : "");
        space();
        if (chance(95)) {
            message();
        } else {
            anything(0);
        }
        byte[] whole = text.toString().getBytes(StandardCharsets.UTF_8);
        return chance(45) ? damage.damaged(whole) : whole;
    }

    private void message() {
        List<Runnable> members = new ArrayList<>();
        members.add(this::data);
        members.add(this::type);
        if (nesting || odd) {
            members.add(() -> member(otherKey(), () -> anything(1)));
        }
        if (repeating) {
            members.add(random.nextInt(members.size() + 1), chance(50) ? this::data : this::type);
        }
        if (chance(30)) {
            Collections.shuffle(members, random);
        }
        container('{', members, '}');
    }

    private void data() {
        if (odd && chance(20)) {
            member("data", () -> anything(1));
            return;
        }
        List<Runnable> elements = new ArrayList<>();
        for (int i = random.nextInt(5); i > 0; i--) {
            elements.add(odd && chance(10) ? () -> anything(2) : this::trade);
        }
        member("data", () -> container('[', elements, ']'));
    }

    private void type() {
        if (odd && chance(30)) {
            member("type", chance(70) ? () -> string(pick(TYPES)) : () -> anything(1));
        } else {
            member("type", () -> string("trade"));
        }
    }

    private void trade() {
        List<Runnable> members = new ArrayList<>();
        for (String name : FIELDS) {
            if (!odd || !chance(10)) {
                members.add(() -> field(name));
            }
        }
        if (repeating) {
            String name = pick(FIELDS);
            members.add(random.nextInt(members.size() + 1), () -> field(name));
        }
        if (nesting && chance(60)) {
            members.add(random.nextInt(members.size() + 1), () -> member(otherKey(), () -> anything(3)));
        }
        if (chance(30)) {
            Collections.shuffle(members, random);
        }
        container('{', members, '}');
    }

    private void field(String name) {
        if (odd && chance(10)) {
            member(name, () -> anything(3));
            return;
        }
        switch (name) {
            case "c" -> member(name, this::conditions);
            case "s" -> member(name, () -> string(chance(70) ? "AAPL" : pick(SYMBOLS)));
            default -> member(name, this::number);
        }
    }

    private void conditions() {
        if (chance(40)) {
            token("null");
            return;
        }
        List<Runnable> codes = new ArrayList<>();
        for (int i = random.nextInt(4); i > 0; i--) {
            codes.add(odd && chance(10) ? () -> anything(4) : () -> string(chance(90) ? "12" : pick(SYMBOLS)));
        }
        container('[', codes, ']');
    }

    private void anything(int depth) {
        if (nesting && chance(60)) {
            nested(depth);
            return;
        }
        switch (random.nextInt(6)) {
            case 0 -> token("null");
            case 1 -> token(chance(50) ? "true" : "false");
            case 2 -> string(pick(SYMBOLS));
            case 3 -> container('[', List.of(), ']');
            case 4 -> container('{', List.of(), '}');
            default -> number();
        }
    }

    /** Usually a few levels; at times as deep as is just allowed, or one level deeper. */
    private void nested(int outer) {
        int levels = chance(1) ? 510 + random.nextInt(6) - outer : 2 + random.nextInt(6);
        boolean[] objects = new boolean[levels];
        for (int i = 0; i < levels; i++) {
            objects[i] = chance(50);
            token(objects[i] ? "{" : "[");
            if (objects[i]) {
                string(levels > 9 ? "x" : otherKey());
                token(":");
            }
        }
        number();
        for (int i = levels - 1; i >= 0; i--) {
            token(objects[i] ? "}" : "]");
        }
    }

    private void container(char opening, List<Runnable> contents, char closing) {
        token(String.valueOf(opening));
        for (int i = 0; i < contents.size(); i++) {
            if (i > 0) {
                token(",");
            }
            contents.get(i).run();
        }
        token(String.valueOf(closing));
    }

    private void member(String key, Runnable value) {
        string(key);
        token(":");
        value.run();
    }

    private void number() {
        String digits = (chance(10) ? "-" : "") + (chance(20) ? "0" : String.valueOf(1 + random.nextInt(99_999)));
        String fraction = chance(50) ? "." + random.nextInt(1_000) : "";
        String exponent =
                exponents && chance(50) ? pick("e", "E") + pick("", "+", "-") + "0".repeat(random.nextInt(2)) : "";
        token(digits + fraction + (exponent.isEmpty() ? "" : exponent + random.nextInt(400)));
    }

    private void string(String value) {
        text.append('"');
        for (int i = 0; i < value.length(); i++) {
            character(value, i);
        }
        text.append('"');
        space();
    }

    private void character(String value, int i) {
        char c = value.charAt(i);
        boolean half = Character.isSurrogate(c);
        if (c == '"' || c == '\\') {
            text.append('\\').append(c);
        } else if (c == '/' && escaping) {
            text.append("\\/");
        } else if (c == '\n' || c == '\t') {
            text.append(c == '\n' ? "\\n" : "\\t");
        } else if (c < ' ' || half || (escaping && chance(30))) {
            text.append("\\u").append((chance(50) ? LOWER : UPPER).toHexDigits(c));
        } else {
            text.append(c);
        }
    }

    private String otherKey() {
        return chance(2) ? "\udfff" : pick(OTHER_KEYS);
    }

    private void token(String token) {
        text.append(token);
        space();
    }

    private void space() {
        if (spaced && chance(30)) {
            text.append(pick(SPACES));
        }
    }

    private String pick(String... choices) {
        return choices[random.nextInt(choices.length)];
    }

    private boolean chance(int percent) {
        return random.nextInt(100) < percent;
    }
}
