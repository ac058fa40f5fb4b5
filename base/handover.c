/* SPDX-License-Identifier: Apache-2.0 */
#include "base/handover.h"

bool handover_is(struct str name)
{
	static const struct str known[] = {
		STR("bash"),	STR("chroot"),	STR("dash"),	STR("env"),	STR("flock"),
		STR("ionice"),	STR("ksh"),	STR("make"),	STR("mksh"),	STR("nice"),
		STR("ninja"),	STR("nohup"),	STR("nsenter"), STR("numactl"), STR("oriel"),
		STR("prlimit"), STR("runuser"), STR("setarch"), STR("setpriv"), STR("setsid"),
		STR("sh"),	STR("stdbuf"),	STR("su"),	STR("sudo"),	STR("taskset"),
		STR("time"),	STR("timeout"), STR("unshare"), STR("xargs"),	STR("zsh"),
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (str_eq(name, known[i]))
			return true;
	return false;
}
