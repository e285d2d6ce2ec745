// SPDX-License-Identifier: GPL-2.0
/*
 * A device, or another socket of this machine, hands over many segments in one go, and the
 * softirq that takes them knows nothing of the next. What is worth doing once for all of
 * them waits for a tasklet, which runs when that softirq is through, on the same CPU.
 */

#include <linux/interrupt.h>
#include <linux/percpu.h>
#include <xtcp/batch.h>
#include <xtcp/sock.h>

/* Sockets that wait, a list through batch_next; each has a reference. This CPU's BH alone. */
struct batch {
	struct tasklet_struct tasklet;
	struct xtcp_sock *first;
};

static DEFINE_PER_CPU(struct batch, batches);

void xtcp_batch_add(struct sock *sk)
{
	struct batch *batch = this_cpu_ptr(&batches);
	struct xtcp_sock *xs = xtcp_sk(sk);

	if (test_and_set_bit(XTCP_BATCHED, &xs->batched))
		return;
	/* Its last segment is sent when no one may be left who holds it. */
	if (!refcount_inc_not_zero(&sk->sk_refcnt))
		return;
	xs->batch_next = batch->first;
	batch->first = xs;
	tasklet_schedule(&batch->tasklet);
}

static void carry_out(struct sock *sk)
{
	bh_lock_sock(sk);
	/* From here on it may be added again, on any CPU. */
	clear_bit(XTCP_BATCHED, &xtcp_sk(sk)->batched);
	if (!sock_owned_by_user(sk))
		sk->sk_prot->release_cb(sk);
	bh_unlock_sock(sk);
	sock_put(sk);
}

static void carry_out_all(struct batch *batch)
{
	struct xtcp_sock *xs = batch->first, *next;

	batch->first = NULL;
	for (; xs; xs = next) {
		next = xs->batch_next;
		carry_out((struct sock *)xs);
	}
}

static void run(struct tasklet_struct *tasklet)
{
	carry_out_all(container_of(tasklet, struct batch, tasklet));
}

#ifdef XTCP_KUNIT
void xtcp_batch_end(void)
{
	carry_out_all(this_cpu_ptr(&batches));
}
#endif

int xtcp_batch_init(void)
{
	int cpu;

	for_each_possible_cpu(cpu)
		tasklet_setup(&per_cpu_ptr(&batches, cpu)->tasklet, run);
	return 0;
}

void xtcp_batch_exit(void)
{
	int cpu;

	for_each_possible_cpu(cpu)
		tasklet_kill(&per_cpu_ptr(&batches, cpu)->tasklet);
}
