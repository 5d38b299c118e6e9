package io.tapestream;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.Architectures.layeredArchitecture;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaPackage;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;
import org.jspecify.annotations.NullMarked;

/** Holds the package table of docs/ARCHITECTURE.md: who may import whom, and where each vendor may be named. */
@AnalyzeClasses(packages = "io.tapestream", importOptions = ImportOption.DoNotIncludeTests.class)
class ArchitectureTest {
    @ArchTest
    static final ArchRule STAGES_NAME_ONLY_WHAT_THEY_ARE_GIVEN = layeredArchitecture()
            .consideringOnlyDependenciesInLayers()
            .layer("root")
            .definedBy("io.tapestream")
            .layer("frame")
            .definedBy("io.tapestream.frame..")
            .layer("feed")
            .definedBy("io.tapestream.feed..")
            .layer("journal")
            .definedBy("io.tapestream.journal..")
            .layer("record")
            .definedBy("io.tapestream.record..")
            .layer("kinesis")
            .definedBy("io.tapestream.kinesis..")
            .layer("table")
            .definedBy("io.tapestream.table..")
            .layer("lease")
            .definedBy("io.tapestream.lease..")
            .layer("aws")
            .definedBy("io.tapestream.aws..")
            .layer("replay")
            .definedBy("io.tapestream.replay..")
            .layer("status")
            .definedBy("io.tapestream.status..")
            .whereLayer("root")
            .mayNotBeAccessedByAnyLayer()
            .whereLayer("frame")
            .mayOnlyBeAccessedByLayers("feed", "journal", "record", "replay", "root")
            .whereLayer("feed")
            .mayOnlyBeAccessedByLayers("lease", "root")
            .whereLayer("journal")
            .mayOnlyBeAccessedByLayers("record", "replay", "root")
            .whereLayer("record")
            .mayOnlyBeAccessedByLayers("kinesis", "root")
            .whereLayer("kinesis")
            .mayOnlyBeAccessedByLayers("root")
            .whereLayer("table")
            .mayOnlyBeAccessedByLayers("root")
            .whereLayer("lease")
            .mayOnlyBeAccessedByLayers("root")
            .whereLayer("aws")
            .mayOnlyBeAccessedByLayers("kinesis", "lease", "table")
            .whereLayer("replay")
            .mayOnlyBeAccessedByLayers("root")
            .whereLayer("status")
            .mayOnlyBeAccessedByLayers("root");

    @ArchTest
    static final ArchRule NO_CYCLES =
            slices().matching("io.tapestream.(*)..").should().beFreeOfCycles();

    @ArchTest
    static final ArchRule NETTY_STAYS_WITH_THE_SOCKETS =
            vendorStaysIn("io.netty..", "io.tapestream.feed..", "io.tapestream.replay..", "io.tapestream.status..");

    @ArchTest
    static final ArchRule KPL_AND_GUAVA_STAY_IN_KINESIS = noClasses()
            .that()
            .resideOutsideOfPackage("io.tapestream.kinesis..")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("software.amazon.kinesis..", "com.google.common..", "com.amazonaws..");

    @ArchTest
    static final ArchRule THE_SDK_STAYS_WITH_THE_CLIENTS_OF_AWS = vendorStaysIn(
            "software.amazon.awssdk..",
            "io.tapestream.aws..",
            "io.tapestream.kinesis..",
            "io.tapestream.lease..",
            "io.tapestream.table..");

    @ArchTest
    static final ArchRule DYNAMODB_STAYS_WITH_ITS_TABLES = vendorStaysIn(
            "software.amazon.awssdk.services.dynamodb..", "io.tapestream.lease..", "io.tapestream.table..");

    @ArchTest
    static final ArchRule HASH_LIBRARY_STAYS_IN_THE_TESTS =
            noClasses().should().dependOnClassesThat().resideInAPackage("com.dynatrace..");

    @ArchTest
    static final ArchRule COMMANDS_AND_CONFIG_STAY_IN_ROOT = noClasses()
            .that()
            .resideOutsideOfPackage("io.tapestream")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("picocli..", "com.typesafe.config..");

    @ArchTest
    static final ArchRule THE_HOT_STAGES_KNOW_NO_JACKSON = noClasses()
            .that()
            .resideInAnyPackage("io.tapestream.frame..", "io.tapestream.journal..", "io.tapestream.record..")
            .should()
            .dependOnClassesThat()
            .resideInAPackage("com.fasterxml..");

    @ArchTest
    static final ArchRule FRAME_NEEDS_ONLY_THE_JDK = noClasses()
            .that()
            .resideInAPackage("io.tapestream.frame..")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("org.slf4j..", "com.codahale..");

    @ArchTest
    static final ArchRule CLOCKS_COME_FROM_THE_ROOT = noClasses()
            .that()
            .resideOutsideOfPackage("io.tapestream")
            .should()
            .callMethod(System.class, "currentTimeMillis")
            .orShould()
            .callMethod(java.time.Clock.class, "systemUTC")
            .orShould()
            .callMethod(java.time.InstantSource.class, "system");

    @ArchTest
    static final ArchRule THREADS_COME_FROM_THE_ROOT = noClasses()
            .that()
            .resideOutsideOfPackage("io.tapestream")
            .should()
            .dependOnClassesThat()
            .belongToAnyOf(java.util.concurrent.Executors.class);

    private static ArchRule vendorStaysIn(String vendor, String... homes) {
        return noClasses()
                .that()
                .resideOutsideOfPackages(homes)
                .should()
                .dependOnClassesThat()
                .resideInAPackage(vendor);
    }

    @ArchTest
    static void everyPackageIsNullMarked(JavaClasses classes) {
        assertThat(classes.stream()
                        .map(JavaClass::getPackage)
                        .distinct()
                        .filter(p -> !p.isAnnotatedWith(NullMarked.class))
                        .map(JavaPackage::getName))
                .isEmpty();
    }
}
