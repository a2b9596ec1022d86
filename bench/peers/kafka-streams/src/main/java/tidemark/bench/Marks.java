package tidemark.bench;

import com.sun.management.OperatingSystemMXBean;
import java.lang.management.ManagementFactory;

/** Counts what is processed and says, a JSON line each, when the measured part begins and when the last record has come. */
final class Marks {
  private static final OperatingSystemMXBean SYSTEM =
      (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();

  private final long warmUpRecords;
  private final long allRecords;
  private long seen;

  Marks(long warmUpRecords, long allRecords) {
    this.warmUpRecords = warmUpRecords;
    this.allRecords = allRecords;
  }

  void seen() {
    seen++;
    if (seen == warmUpRecords) mark("begin");
    if (seen == allRecords) mark("end");
  }

  /** Processor time is that of the whole process: user and system, all threads, compiler and collector included. */
  static void mark(String name) {
    System.out.println(
        "{\"mark\":\"" + name + "\",\"atS\":" + System.nanoTime() / 1e9 + ",\"cpuS\":" + SYSTEM.getProcessCpuTime() / 1e9 + "}");
  }
}
