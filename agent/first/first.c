/* SPDX-License-Identifier: Apache-2.0 */
/*
 * First: runs before the constructors of all libraries (it is linked with -z initfirst), and does one
 * thing: have the agent run the bootstrap hook. Loaded by the launcher where there is one. A program
 * that brings another such object along may take its place; then the hook runs with the agent.
 */
#pragma weak oriel_bootstrap_first
void oriel_bootstrap_first(int argc, char **argv, char **envp);

__attribute__((constructor)) static void first(int argc, char **argv, char **envp)
{
	if (oriel_bootstrap_first)
		oriel_bootstrap_first(argc, argv, envp);
}
