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

/*
 * Sockets that wait, a list through batch_next; each has a reference. It ends with END: who
 * is in no list is known by NULL. This CPU's BH alone adds to it. Another CPU may be about to
 * empty it: the tasklet of one that was switched off is left to others, and may not have run
 * when that one is back.
 */
struct batch {
	struct tasklet_struct tasklet;
	struct xtcp_sock *first;
};

static DEFINE_PER_CPU(struct batch, batches);

#define END ((struct xtcp_sock *)ERR_PTR(-ENOENT))

void xtcp_batch_add(struct sock *sk)
{
	struct batch *batch = this_cpu_ptr(&batches);
	struct xtcp_sock *xs = xtcp_sk(sk), *first;

	if (READ_ONCE(xs->batch_next) || cmpxchg(&xs->batch_next, NULL, END))
		return;
	/* Its last segment is sent when no one may be left who holds it. */
	if (!refcount_inc_not_zero(&sk->sk_refcnt))
		return;
	first = READ_ONCE(batch->first);
	do {
		WRITE_ONCE(xs->batch_next, first);
	} while (!try_cmpxchg(&batch->first, &first, xs));
	tasklet_schedule(&batch->tasklet);
}

static void carry_out(struct sock *sk)
{
	bh_lock_sock(sk);
	/* From here on it may be added again, on any CPU. */
	smp_store_release(&xtcp_sk(sk)->batch_next, NULL);
	if (!sock_owned_by_user(sk))
		sk->sk_prot->release_cb(sk);
	bh_unlock_sock(sk);
	sock_put(sk);
}

static void carry_out_all(struct batch *batch)
{
	struct xtcp_sock *xs = xchg(&batch->first, END), *next;

	for (; xs != END; xs = next) {
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

	for_each_possible_cpu(cpu) {
		per_cpu_ptr(&batches, cpu)->first = END;
		tasklet_setup(&per_cpu_ptr(&batches, cpu)->tasklet, run);
	}
	return 0;
}

void xtcp_batch_exit(void)
{
	int cpu;

	for_each_possible_cpu(cpu)
		tasklet_kill(&per_cpu_ptr(&batches, cpu)->tasklet);
}
