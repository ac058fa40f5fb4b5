# SPDX-License-Identifier: Apache-2.0
# ran PID: nanoseconds that its threads have run, as the scheduler has them. Its ticks of 10 ms say more, as
# threads that run for less than one are often there when it comes.
ran() { cat "/proc/$1/task/"*/schedstat 2>/dev/null | awk '{ n += $1 } END { printf "%.0f", n }'; }
