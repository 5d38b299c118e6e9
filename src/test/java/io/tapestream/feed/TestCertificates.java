package io.tapestream.feed;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.SecureRandom;
import java.security.Signature;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.ECGenParameterSpec;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Base64;
import java.util.HexFormat;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import org.jspecify.annotations.Nullable;

/** A private certificate authority for tests, and the certificates it gives to servers; written in DER by hand. */
public final class TestCertificates {
    private static final DateTimeFormatter UTC_TIME =
            DateTimeFormatter.ofPattern("yyMMddHHmmss'Z'").withZone(ZoneOffset.UTC);
    private static final byte[] ECDSA_WITH_SHA256 = der(0x30, hex("06082a8648ce3d040302"));
    private static final byte[] COMMON_NAME = hex("0603550403");
    private static final byte[] CRITICAL_BASIC_CONSTRAINTS_OF_AN_AUTHORITY = hex("300f0603551d130101ff040530030101ff");
    private static final byte[] SUBJECT_ALTERNATIVE_NAME = hex("0603551d11");

    private final String name;
    private final KeyPair keys = keys();
    private final X509Certificate certificate;

    /** A new authority. */
    public TestCertificates() {
        this("test authority");
    }

    private TestCertificates(String name) {
        this.name = name;
        this.certificate = sign(name, keys, null, Instant.MAX);
    }

    /** The authority's certificate as a PEM file. */
    public Path writePem(Path file) {
        return writePem(file, certificate);
    }

    /** A server whose certificate this authority has signed for this host name until then. */
    public SSLContext server(String host, Instant until) {
        KeyPair server = keys();
        return context(server.getPrivate(), sign("test server", server, host, until), certificate);
    }

    /** A server that has signed its own certificate for this host name. */
    public static SSLContext selfSigned(String host) {
        TestCertificates own = new TestCertificates("itself");
        return context(own.keys.getPrivate(), own.sign(own.name, own.keys, host, Instant.MAX));
    }

    private static SSLContext context(PrivateKey key, Certificate... chain) {
        try {
            KeyStore store = KeyStore.getInstance("PKCS12");
            store.load(null, null);
            store.setKeyEntry("server", key, new char[0], chain);
            KeyManagerFactory managers = KeyManagerFactory.getInstance("PKIX");
            managers.init(store, new char[0]);
            SSLContext context = SSLContext.getInstance("TLS");
            context.init(managers.getKeyManagers(), null, null);
            return context;
        } catch (GeneralSecurityException | IOException e) {
            throw new AssertionError(e);
        }
    }

    private static Path writePem(Path file, X509Certificate certificate) {
        try {
            String base64 = Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(certificate.getEncoded());
            return Files.writeString(file, "-----BEGIN CERTIFICATE-----\n" + base64 + "\n-----END CERTIFICATE-----\n");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (GeneralSecurityException e) {
            throw new AssertionError(e);
        }
    }

    private static KeyPair keys() {
        try {
            KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
            generator.initialize(new ECGenParameterSpec("secp256r1"));
            return generator.generateKeyPair();
        } catch (GeneralSecurityException e) {
            throw new AssertionError(e);
        }
    }

    /** A certificate of this authority (RFC 5280 4.1); of an authority itself if there is no host. */
    private X509Certificate sign(String subjectName, KeyPair subject, @Nullable String host, Instant until) {
        Instant end = until.equals(Instant.MAX) ? Instant.parse("2049-01-01T00:00:00Z") : until;
        byte[] extension = host == null
                ? CRITICAL_BASIC_CONSTRAINTS_OF_AN_AUTHORITY
                : der(0x30, SUBJECT_ALTERNATIVE_NAME, der(0x04, der(0x30, der(0x82, ascii(host)))));
        byte[] validity = der(0x30, der(0x17, ascii("200101000000Z")), der(0x17, ascii(UTC_TIME.format(end))));
        byte[] unsigned = der(
                0x30,
                hex("a003020102"),
                der(0x02, new BigInteger(63, new SecureRandom()).toByteArray()),
                ECDSA_WITH_SHA256,
                name(name),
                validity,
                name(subjectName),
                subject.getPublic().getEncoded(),
                der(0xa3, der(0x30, extension)));
        try {
            Signature signature = Signature.getInstance("SHA256withECDSA");
            signature.initSign(keys.getPrivate());
            signature.update(unsigned);
            byte[] whole = der(0x30, unsigned, ECDSA_WITH_SHA256, der(0x03, new byte[1], signature.sign()));
            return (X509Certificate)
                    CertificateFactory.getInstance("X.509").generateCertificate(new ByteArrayInputStream(whole));
        } catch (GeneralSecurityException e) {
            throw new AssertionError(e);
        }
    }

    private static byte[] name(String commonName) {
        return der(0x30, der(0x31, der(0x30, COMMON_NAME, der(0x0c, ascii(commonName)))));
    }

    private static byte[] der(int tag, byte[]... parts) {
        ByteArrayOutputStream content = new ByteArrayOutputStream();
        for (byte[] part : parts) {
            content.writeBytes(part);
        }
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        all.write(tag);
        int length = content.size();
        if (length >= 0x100) {
            all.write(0x82);
            all.write(length >> 8);
        } else if (length >= 0x80) {
            all.write(0x81);
        }
        all.write(length);
        all.writeBytes(content.toByteArray());
        return all.toByteArray();
    }

    private static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }

    private static byte[] hex(String digits) {
        return HexFormat.of().parseHex(digits);
    }
}
