/* SPDX-License-Identifier: Apache-2.0 */
/* Boot: which boot of which machine this is; pids and time stamp counters mean nothing in another. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

void boot_id_read(uint8_t id[16]);
bool boot_is_ours(const uint8_t id[16]);
