/* SPDX-License-Identifier: Apache-2.0 */
#include "collect/host.h"

#include "collect/container.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include <cmocka.h>

#define ID "35188cce06c588ffafce892854599c5d35188cce06c588ffafce892854599c5d"
#define OUTER "0000000000000000000000000000000000000000000000000000000000000001"
#define POD "kubepods/besteffort/pod6f1a3a5c-8d7a-4f3e-9d9b-0d3c2a1b4e5f/"

static void the_control_group_names_the_container(void **state)
{
	static const char *const text[] = {
		"0::/docker/" ID,
		"0::/" ID "\n",
		"12:pids:/docker/" ID "\n11:cpu:/\n",
		"1:name=systemd:/" POD ID "\n",
		"0::/system.slice/docker-" ID ".scope",
		"0::/kubepods.slice/kubepods-pod1.slice/cri-containerd-" ID ".scope",
		"0::/kubepods.slice/crio-" ID,
		"0::/machine.slice/libpod-" ID ".scope/container",
		"0::/docker/" OUTER "/docker/" ID,
		"3:cpuset:/\n2:cpu:/ecs/task/" ID "\n",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(text) / sizeof(text[0]); i++)
		if (!str_eq(container_of_cgroup(str_of(text[i])), STR(ID)))
			fail_msg("not found in %s", text[i]);
}

static void other_numbers_are_no_containers(void **state)
{
	static const char *const text[] = {
		"",
		"0::/",
		"0::/user.slice/user-1000.slice/session-2.scope",
		"4:memory:/process_api/35188cce06c588ffafce892854599c5d",
		"0::/kubepods/pod6f1a3a5c-8d7a-4f3e-9d9b-0d3c2a1b4e5f",
		("0::/docker/" ID "0"),
		("0::/docker/x" ID),
		"0::/docker/35188CCE06C588FFAFCE892854599C5D35188CCE06C588FFAFCE892854599C5D",
		ID,
	};

	(void)state;
	for (size_t i = 0; i < sizeof(text) / sizeof(text[0]); i++)
		if (container_of_cgroup(str_of(text[i])).n)
			fail_msg("found in %s", text[i]);
}

static void so_do_the_files_that_a_runtime_mounts(void **state)
{
	static const char text[] =
		"22 27 0:21 / /proc rw,relatime - proc proc rw\n"
		"30 27 8:1 /var/lib/docker/volumes/" OUTER " /data rw - ext4 /dev/sda1 rw\n"
		"31 27 8:1 /var/lib/docker/containers/" ID
		"/resolv.conf /etc/resolv.conf rw - ext4 /dev/sda1 rw\n";

	(void)state;
	assert_true(str_eq(container_of_mountinfo(str_of(text)), STR(ID)));
	assert_true(str_eq(container_of_mountinfo(
				   STR("9 8 0:1 /containers/overlay-containers/" ID
				       "/userdata/hostname /etc/hostname rw - tmpfs tmpfs rw")),
			   STR(ID)));
	assert_int_equal(
		container_of_mountinfo(STR("9 8 0:1 /x/" ID " /data rw - tmpfs tmpfs rw")).n, 0);
	assert_int_equal(container_of_mountinfo(STR("9 8\n\n/etc/hosts")).n, 0);
}

static void the_release_is_read_with_and_without_quotes(void **state)
{
	struct host h = { .arch = "" };

	(void)state;
	host_read_release(&h, STR("PRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\n# NAME=x\n"
				  "NAME='Debian GNU/Linux'\nVERSION_ID=12\nID=debian"));
	assert_string_equal(h.os_description, "Debian GNU/Linux 12 (bookworm)");
	assert_string_equal(h.os_name, "Debian GNU/Linux");
	assert_string_equal(h.os_version, "12");
}

static void this_machine_has_a_name_and_an_architecture(void **state)
{
	char name[256] = "";
	struct host h;

	(void)state;
	host_look(&h);
	gethostname(name, sizeof(name) - 1);
	assert_string_equal(h.name, name);
	assert_true(h.arch[0] != '\0');
}

static void this_process_has_an_owner_and_arguments_if_asked_for(void **state)
{
	static struct outside o;

	(void)state;
	outside_look(&o, getpid(), 0, false);
	assert_string_equal(o.owner, "root");
	assert_int_equal(o.words_n, 0);
	outside_look(&o, getpid(), 4000000000u, true);
	assert_string_equal(o.owner, "4000000000");
	assert_true(o.words_n > 0 && o.words[o.words_n - 1] == '\0');
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_control_group_names_the_container),
		cmocka_unit_test(other_numbers_are_no_containers),
		cmocka_unit_test(so_do_the_files_that_a_runtime_mounts),
		cmocka_unit_test(the_release_is_read_with_and_without_quotes),
		cmocka_unit_test(this_machine_has_a_name_and_an_architecture),
		cmocka_unit_test(this_process_has_an_owner_and_arguments_if_asked_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
