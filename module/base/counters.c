// SPDX-License-Identifier: GPL-2.0
/* Counters per namespace and CPU. */

#include <linux/percpu.h>
#include <xtcp/compat.h>
#include <xtcp/counters.h>
#include <xtcp/net.h>

#define NAME_EVENT(suffix, name)	[XTCP_CNT_##suffix] = name,
#define NAME_DROP(suffix, name, core)	[XTCP_DROP_##suffix] = name,
#define CORE_REASON(suffix, name, core)	[XTCP_DROP_##suffix] = SKB_DROP_REASON_##core,

static const char *const names[XTCP_COUNTERS] = {
	XTCP_DROP_LIST(NAME_DROP)
	XTCP_EVENT_LIST(NAME_EVENT)
};

static const u8 core_reasons[XTCP_DROPS] = {
	XTCP_DROP_LIST(CORE_REASON)
};

void xtcp_count(struct xtcp_net *xn, unsigned int which)
{
	this_cpu_inc(xn->counters->value[which]);
}

void xtcp_count_add(struct xtcp_net *xn, unsigned int which, u32 n)
{
	this_cpu_add(xn->counters->value[which], n);
}

void xtcp_counters_move(struct xtcp_net *xn, u8 from, u8 to)
{
	if (from != TCP_CLOSE)
		this_cpu_dec(xn->counters->sockets[from]);
	if (to != TCP_CLOSE)
		this_cpu_inc(xn->counters->sockets[to]);
}

u64 xtcp_counters_sockets(struct xtcp_net *xn, u8 state)
{
	s64 sum = 0;
	int cpu;

	for_each_possible_cpu(cpu)
		sum += READ_ONCE(per_cpu_ptr(xn->counters, cpu)->sockets[state]);
	/* While one moves between two CPUs its way may be seen halfway. */
	return max_t(s64, sum, 0);
}

u64 xtcp_counters_read(struct xtcp_net *xn, unsigned int which)
{
	u64 sum = 0;
	int cpu;

	for_each_possible_cpu(cpu)
		sum += READ_ONCE(per_cpu_ptr(xn->counters, cpu)->value[which]);
	return sum;
}

const char *xtcp_counters_name(unsigned int which)
{
	return which < XTCP_COUNTERS ? names[which] : NULL;
}

enum skb_drop_reason xtcp_counters_core_reason(unsigned int drop)
{
	return core_reasons[drop];
}

int xtcp_counters_init(struct xtcp_net *xn)
{
	xn->counters = alloc_percpu(struct xtcp_counters);
	return xn->counters ? 0 : -ENOMEM;
}

void xtcp_counters_exit(struct xtcp_net *xn)
{
	free_percpu(xn->counters);
}
