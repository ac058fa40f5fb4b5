/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vfork: the child borrows its parent's memory, so whatever it closes would look closed to us. While
 * it runs, the thread (it is the parent's, too) is marked: current_here.vforks.
 *
 * vfork returns twice, and the child may have overwritten the stack below its caller's frame by the
 * time the parent returns. So the caller's return address waits in thread-local storage, which the
 * child shares and, being marked, doesn't use.
 */
#if defined(__x86_64__)

#define VFORKS 16 /* offsetof(struct current, vforks) */

	.section .tbss,"awT",@nobits
	.align 8
	.local vfork_return
	.type vfork_return, @object
	.size vfork_return, 8
vfork_return:
	.zero 8

	.text
	.globl vfork
	.type vfork, @function
vfork:
	.cfi_startproc
	endbr64
	subq $8, %rsp
	.cfi_adjust_cfa_offset 8
	call vfork_real
	addq $8, %rsp
	.cfi_adjust_cfa_offset -8
	testq %rax, %rax
	jz 2f
	movq current_here@gottpoff(%rip), %rdx
	cmpl $0, %fs:VFORKS(%rdx)
	jne 1f
	popq %rcx
	.cfi_adjust_cfa_offset -8
	movq vfork_return@gottpoff(%rip), %rdx
	movq %rcx, %fs:(%rdx)
	call *%rax
	movq vfork_return@gottpoff(%rip), %rdx
	pushq %fs:(%rdx)
	.cfi_adjust_cfa_offset 8
	movq current_here@gottpoff(%rip), %rdx
	xorl %ecx, %ecx
	testl %eax, %eax
	sete %cl
	movl %ecx, %fs:VFORKS(%rdx)
	ret
1:	/* a child's own vfork: the mark and the address are its parent's */
	jmp *%rax
2:	movl $-1, %eax
	ret
	.cfi_endproc
	.size vfork, .-vfork

#endif
	.section .note.GNU-stack,"",@progbits
