package io.tapestream.frame;

import java.util.List;

/**
 * What a reader makes of one message, as text; two readers agree on a message when their readings are equal.
 *
 * @param kind name of the walker's kind
 * @param typeName text of the message's type
 * @param trades the received trades, in order
 */
public record MessageReading(String kind, String typeName, List<TradeReading> trades) {
    static final MessageReading BROKEN = new MessageReading("BROKEN", "", List.of());

    /**
     * What a reader makes of one trade; of a defective one only the defect and its source count.
     *
     * @param defect name of the defect
     * @param source the whole element, as received
     * @param symbol decoded
     * @param price the number's text, as received
     * @param volume the number's text, as received
     * @param tradedAt the number's text, as received
     * @param conditions decoded
     */
    public record TradeReading(
            String defect,
            String source,
            String symbol,
            String price,
            String volume,
            String tradedAt,
            List<String> conditions) {
        /** Of a trade that cannot be read. */
        public static TradeReading defective(String defect, String source) {
            return new TradeReading(defect, source, "", "", "", "", List.of());
        }
    }
}
