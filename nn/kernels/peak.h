// The speed limit: how fast this core multiplies and adds right now.
#pragma once

// Fused multiply-adds of the widest vectors that cpu_flags allow (mc_cpu_flags'),
// with all operands in registers and enough of them under way, for about half a
// millisecond; in GFLOP/s, a multiply-add being two. Without vector flags: what
// plain C reaches. Speed drifts with heat and neighbours, so measure it between
// the runs that it is compared with. Any thread.
double nn_peak_gflops(unsigned cpu_flags);
