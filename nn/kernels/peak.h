// The peak arithmetic throughput of this core, right now.
#pragma once

// Measures, for about half a millisecond, fused multiply-adds of the widest vectors that
// cpu_flags (see base/cpu.h) allow, with all operands in registers and enough of them in
// flight. Returns GFLOP/s; a multiply-add counts as two. Without vector flags: plain C.
// Clock rates drift with temperature and load, so interleave this with the runs that it is
// compared to. Any thread.
double nn_peak_gflops(unsigned cpu_flags);
