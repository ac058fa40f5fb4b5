/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Configuration files, the launcher's part: `oriel-configure` reads one and prints the variables that say
 * the same, and those are set here. A program of its own, so that `oriel run` needs no YAML.
 *
 *     OTEL_CONFIG_FILE     all of OpenTelemetry's configuration: its variables don't count beside it
 *     ORIEL_YAML    the same kind of file, for what no variable says
 *
 * Options of the command line go before both: whoever calls parses them again.
 */
#pragma once

/*
 * Sets what the files say. CONFIGURE_FAILED: one can't be read, which standard error has been told, and
 * nothing of it is set. *n (may be NULL): how many files there were.
 */
enum { CONFIGURE_FAILED = 1 };
int configure_from_files(unsigned *n);
