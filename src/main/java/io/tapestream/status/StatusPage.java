package io.tapestream.status;

import java.util.Map;

/** The page for a person: the health snapshot as a table that refreshes itself each second. */
final class StatusPage {
    private StatusPage() {}

    static String render(Health health) {
        StringBuilder rows = new StringBuilder();
        for (Map.Entry<String, Object> detail : health.details().entrySet()) {
            rows.append("<tr><th>")
                    .append(escaped(detail.getKey()))
                    .append("</th><td>")
                    .append(escaped(String.valueOf(detail.getValue())))
                    .append("</td></tr>\n");
        }
        return """
                <!doctype html>
                <html lang="en"><head><meta charset="utf-8"><meta http-equiv="refresh" content="1"><title>Tapestream: %1$s</title>
                <style>body{font:15px/1.5 system-ui;margin:2rem}th{text-align:left;padding-right:2rem;font-weight:400}
                td{text-align:right;font-variant-numeric:tabular-nums}.healthy{color:#176c2f}.not-healthy{color:#a11}</style></head>
                <body><h1>Tapestream <span class="%2$s">%1$s</span></h1><table>
                %3$s</table><p><a href="/health">health</a> <a href="/metrics">metrics</a></p></body></html>
                """.formatted(escaped(health.state()), health.healthy() ? "healthy" : "not-healthy", rows);
    }

    private static String escaped(String text) {
        return text.replace("&", "&amp;")
                .replace("<", "&lt;")
                .replace(">", "&gt;")
                .replace("\"", "&quot;");
    }
}
