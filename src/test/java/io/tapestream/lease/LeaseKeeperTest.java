package io.tapestream.lease;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.tapestream.feed.KeyLease;
import io.tapestream.lease.FakeLeaseTable.Network;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class LeaseKeeperTest {
    private static final Instant NOON = Instant.parse("2026-11-25T12:00:00Z");
    private static final Duration TICK = Duration.ofMillis(100);

    private final FakeLeaseTable table = new FakeLeaseTable();
    private final LeaseHost one = new LeaseHost("one", table, LeaseHost.settings(20), 0, NOON);
    private final LeaseHost two = new LeaseHost(
            "two", table, LeaseHost.settings(20), Long.MAX_VALUE - 7_000_000_000L, NOON.plusSeconds(3600));
    private boolean isOneFrozen;
    private boolean isTwoFrozen;

    @AfterEach
    void noDefect() {
        assertThat(one.failures).isEmpty();
        assertThat(two.failures).isEmpty();
    }

    /** Time goes on on both hosts; a frozen one has no running socket, whatever it may have. */
    private void pass(double seconds) {
        for (long ticks = Math.round(seconds * 10); ticks > 0; ticks--) {
            one.passes(TICK, isOneFrozen);
            two.passes(TICK, isTwoFrozen);
            assertThat(one.mayHaveASocket() && two.mayHaveASocket())
                    .as("two sockets on a key")
                    .isFalse();
        }
    }

    private double secondsUntilGranted(LeaseHost host) {
        for (int ticks = 0; ticks < 1000; ticks++) {
            if (host.mayHaveASocket()) {
                return ticks / 10.0;
            }
            pass(0.1);
        }
        throw new AssertionError("never granted");
    }

    @Test
    void takesWhatNobodyHasAtOnceAndRenewsItForAsLongAsItIsWanted() {
        one.wants();
        assertThat(one.mayHaveASocket()).isTrue();
        pass(600);
        assertThat(one.mayHaveASocket()).isTrue();
        assertThat(one.told).containsExactly("granted");
        assertThat(one.count("grants")).isEqualTo(1);
        assertThat(one.count("renewals")).isEqualTo(120);
        assertThat(one.metrics.gauge("lease.held", () -> null).getValue()).isEqualTo(1);
        assertThat(one.keeper.status()).isEqualTo(new LeaseStatus(true, true, null, NOON.toEpochMilli()));
    }

    @Test
    void asksNothingUntilItIsWanted() {
        one.steps();
        pass(60);
        assertThat(table.calls).isZero();
    }

    @Test
    void standsByWhileAnotherRenewsAndKnowsWhoThatIs() {
        one.wants();
        two.wants();
        pass(600);
        assertThat(two.told).isEmpty();
        assertThat(two.keeper.status())
                .isEqualTo(new LeaseStatus(false, true, new Holder("run-on-one", "one", 1), NOON.toEpochMilli()));
        assertThat(two.metrics.gauge("lease.held", () -> null).getValue()).isEqualTo(0);
    }

    @Test
    void takesOverWithinDurationAndOneTryOfTheLastRenewalOfOneThatDied() {
        one.wants();
        two.wants();
        pass(31);
        isOneFrozen = true; // its last renewal was a second ago
        one.rows.network = Network.CUT;
        assertThat(secondsUntilGranted(two)).isBetween(19.0, 25.0);
        assertThat(table.holder()).isEqualTo("two");
    }

    @Test
    void takesOverWithinOneTryOfACleanEnd() {
        one.wants();
        two.wants();
        pass(31);
        one.givesBack();
        assertThat(one.mayHaveASocket()).isFalse();
        assertThat(one.keeper.status().isHeld()).isFalse();
        assertThat(secondsUntilGranted(two)).isLessThanOrEqualTo(5);
        assertThat(one.told).containsExactly("granted");
        assertThat(one.count("losses")).isZero();
    }

    @Test
    void endsBeforeAnotherMayHaveItWhenTheTableIsOutOfReach() {
        one.wants();
        two.wants();
        pass(31);
        one.rows.network = Network.CUT;
        pass(13.9);
        assertThat(one.mayHaveASocket()).isTrue();
        pass(0.2);
        assertThat(one.mayHaveASocket()).isFalse();
        assertThat(one.told).containsExactly("granted", "lost");
        assertThat(one.count("losses")).isEqualTo(1);
        assertThat(one.count("failures")).isGreaterThan(5);
        assertThat(one.keeper.status().isAnswered()).isFalse();
        assertThat(two.mayHaveASocket()).isFalse();
        assertThat(secondsUntilGranted(two)).isLessThanOrEqualTo(10);
        one.rows.network = Network.GOOD;
        pass(60);
        assertThat(one.keeper.status().isAnswered()).isTrue();
        assertThat(one.keeper.status().holder()).isEqualTo(new Holder("run-on-two", "two", 1));
    }

    @Test
    void aRenewalThatFailsNowAndThenIsNoLoss() {
        one.wants();
        two.wants();
        for (int i = 0; i < 20; i++) {
            one.rows.network = Network.CUT;
            pass(9);
            one.rows.network = Network.GOOD;
            pass(3);
        }
        assertThat(one.told).containsExactly("granted");
        assertThat(two.told).isEmpty();
    }

    @Test
    void anAnswerThatIsLostIsNoLossEither() {
        one.rows.network = Network.LOSES_ANSWERS;
        one.wants();
        assertThat(one.mayHaveASocket()).isFalse();
        one.rows.network = Network.GOOD;
        pass(1);
        assertThat(one.mayHaveASocket()).isTrue();
        two.wants();
        for (int i = 0; i < 20; i++) {
            one.rows.network = Network.LOSES_ANSWERS;
            pass(6);
            one.rows.network = Network.GOOD;
            pass(6);
        }
        assertThat(one.told).containsExactly("granted");
    }

    @Test
    void oneThatHearsNoAnswersDoesNotKeepTheLeaseFromOthers() {
        one.wants();
        two.wants();
        pass(31);
        one.rows.network = Network.LOSES_ANSWERS;
        assertThat(secondsUntilGranted(two)).isBetween(30.0, 40.0);
        assertThat(one.told).containsExactly("granted", "lost");
    }

    @Test
    void countsFromTheStartOfACallHoweverLateItsAnswer() {
        one.rows.beforeTheAnswer = () -> {
            one.nanos += Duration.ofSeconds(14).toNanos();
            one.rows.beforeTheAnswer = () -> one.rows.network = Network.LOSES_ANSWERS;
        };
        one.wants();
        assertThat(one.grant().remainingNanos()).isEqualTo(Duration.ofSeconds(1).toNanos());
    }

    @Test
    void aRenewalThatIsAnsweredAfterTheEndRevivesNothing() {
        one.wants();
        KeyLease.Grant before = one.grant();
        one.rows.beforeTheAnswer = () -> {
            one.nanos += Duration.ofSeconds(11).toNanos();
            one.rows.beforeTheAnswer = () -> {};
        };
        pass(5);
        assertThat(before.isOver()).isTrue();
        assertThat(one.told).containsExactly("granted", "lost", "granted");
    }

    @Test
    void aGrantThatWasOverWhenItsAnswerCameIsNone() {
        one.rows.beforeTheAnswer = () -> {
            one.nanos += Duration.ofSeconds(16).toNanos();
            one.rows.beforeTheAnswer = () -> {};
        };
        one.wants();
        assertThat(one.told).containsExactly("granted", "lost", "granted");
        assertThat(one.mayHaveASocket()).isTrue();
    }

    @ParameterizedTest
    @ValueSource(doubles = {15, 20, 25, 40, 3600})
    void aGrantOfOneThatWasFrozenStaysOver(double seconds) {
        one.wants();
        two.wants();
        pass(31);
        KeyLease.Grant before = one.grant();
        isOneFrozen = true;
        pass(seconds);
        isOneFrozen = false;
        assertThat(before.isOver()).isTrue();
        pass(60);
        assertThat(before.isOver()).isTrue();
        assertThat(one.told).startsWith("granted", "lost");
    }

    @Test
    void aGrantOfOneThatWasFrozenStaysOverThoughItHasTheLeaseAgain() {
        one.wants();
        KeyLease.Grant before = one.grant();
        isOneFrozen = true;
        pass(40);
        two.wants();
        pass(40); // taken by two, and given back
        two.givesBack();
        isOneFrozen = false;
        pass(1);
        assertThat(one.mayHaveASocket()).isTrue();
        assertThat(before.isOver()).isTrue();
        assertThat(one.told).containsExactly("granted", "lost", "granted");
    }

    @Test
    void oneThatStoodByFrozenDoesNotTakeWhatWasRenewedMeanwhile() {
        one.wants();
        two.wants();
        pass(12);
        isTwoFrozen = true;
        pass(100);
        isTwoFrozen = false;
        pass(100);
        assertThat(two.told).isEmpty();
    }

    @Test
    void goesByTheDurationOfTheHolder() {
        LeaseHost patient = new LeaseHost("patient", table, LeaseHost.settings(120), 5, NOON);
        patient.wants();
        two.wants();
        patient.rows.network = Network.CUT;
        double until = 0;
        while (!two.mayHaveASocket()) {
            pass(0.1);
            patient.nanos += TICK.toNanos();
            until += 0.1;
            assertThat(two.mayHaveASocket() && patient.mayHaveASocket()).isFalse();
        }
        assertThat(until).isBetween(119.0, 125.0);
    }

    @Test
    void isLostAtOnceWhenItIsSomebodyElsesAllTheSame() {
        one.wants();
        table.delete();
        two.wants();
        one.passes(Duration.ofSeconds(5), false); // by hand: a row that is deleted has no holder
        assertThat(one.mayHaveASocket()).isFalse();
        assertThat(one.told).containsExactly("granted", "lost");
        assertThat(two.mayHaveASocket()).isTrue();
    }

    @Test
    void whatIsGivenBackIsOverBeforeAnythingIsAsked() {
        one.wants();
        int calls = table.calls;
        one.keeper.giveBack();
        assertThat(one.mayHaveASocket()).isFalse();
        assertThat(table.calls).isEqualTo(calls);
        assertThat(table.holder()).isEqualTo("one");
        one.steps();
        assertThat(table.holder()).isNull();
    }

    @Test
    void isAnotherGrantWhenItIsWantedAgainAtOnce() {
        one.wants();
        KeyLease.Grant before = one.grant();
        one.keeper.giveBack();
        one.wants();
        assertThat(one.told).containsExactly("granted", "granted");
        assertThat(before.isOver()).isTrue();
        assertThat(one.mayHaveASocket()).isTrue();
        assertThat(one.count("losses")).isZero();
    }

    @Test
    void aGrantThatComesWhenItIsNoLongerWantedIsGivenBack() {
        one.rows.beforeTheAnswer = () -> {
            one.keeper.giveBack();
            one.rows.beforeTheAnswer = () -> {};
        };
        one.wants();
        assertThat(one.mayHaveASocket()).isFalse();
        one.steps();
        assertThat(table.holder()).isNull();
    }

    @Test
    void aTryWhoseAnswerWasLostIsReleasedToo() {
        one.rows.network = Network.LOSES_ANSWERS;
        one.wants();
        one.rows.network = Network.GOOD;
        one.givesBack();
        assertThat(table.holder()).isNull();
    }

    @Test
    void anOutageDoesNotEndTheTries() {
        one.rows.network = Network.CUT;
        one.wants();
        pass(3600);
        one.rows.network = Network.GOOD;
        assertThat(secondsUntilGranted(one)).isLessThanOrEqualTo(1);
        assertThat(one.count("failures")).isBetween(3000L, 4000L);
    }

    @Test
    void itsThreadReleasesWhatIsGivenBackWhenItIsStopped() {
        Thread thread = new Thread(one.keeper, "lease");
        thread.start();
        one.keeper.want(one);
        await().until(() -> "one".equals(table.holder()) && one.told.equals(List.of("granted")));
        one.keeper.giveBack();
        one.keeper.close();
        assertThat(thread.isAlive()).isFalse();
        assertThat(table.holder()).isNull();
        assertThat(one.rows.isClosed).isTrue();
    }

    @Test
    void itsThreadLeavesWhatWasNotGivenBackToRunOut() {
        Thread thread = new Thread(one.keeper, "lease");
        thread.start();
        one.keeper.want(one);
        await().until(() -> one.told.equals(List.of("granted")));
        one.keeper.close();
        assertThat(thread.isAlive()).isFalse();
        assertThat(table.holder()).isEqualTo("one");
    }

    @Test
    void aDefectOfItsThreadIsTold() {
        one.rows.beforeTheAnswer = () -> {
            throw new IllegalStateException("defect");
        };
        one.keeper.want(one);
        one.keeper.run();
        assertThat(one.failures).singleElement().isInstanceOf(IllegalStateException.class);
        one.failures.clear();
    }
}
