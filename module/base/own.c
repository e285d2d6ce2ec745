// SPDX-License-Identifier: GPL-2.0
/* What few sockets have, in an object made on demand. */

#include <linux/slab.h>
#include <xtcp/net.h>
#include <xtcp/own.h>
#include <xtcp/sock.h>

const struct xtcp_own xtcp_own_none = {
	.knobs = {
		.syn_retries	= XTCP_OWN_UNSET,
		.synack_retries	= XTCP_OWN_UNSET,
		.rto_init_ms	= XTCP_OWN_UNSET,
		.rto_min_ms	= XTCP_OWN_UNSET,
		.rto_max_ms	= XTCP_OWN_UNSET,
		.msl_ms		= XTCP_OWN_UNSET,
		.handshake_ways	= XTCP_OWN_UNSET,
		.isn_mode	= XTCP_OWN_UNSET,
		.wire_protocol	= XTCP_OWN_UNSET,
	},
};

#ifdef XTCP_KUNIT
bool xtcp_own_no_memory;
#define no_memory()	xtcp_own_no_memory
#else
#define no_memory()	false
#endif

static struct xtcp_own *copy(const struct xtcp_own *own, gfp_t gfp)
{
	return no_memory() ? NULL : kmemdup(own, sizeof(*own), gfp);
}

struct xtcp_own *xtcp_own_make(struct sock *sk, gfp_t gfp)
{
	struct xtcp_sock *xs = xtcp_sk(sk);
	struct xtcp_own *own;

	if (xs->own != &xtcp_own_none)
		return (struct xtcp_own *)xs->own;
	own = copy(&xtcp_own_none, gfp);
	if (!own)
		return NULL;
	/* Filled, for those who read without the lock. */
	smp_store_release(&xs->own, own);
	return own;
}

bool xtcp_own_of_child(const struct sock *sk, const struct xtcp_own **own)
{
	const struct xtcp_own *of = READ_ONCE(xtcp_sk(sk)->own);

	*own = &xtcp_own_none;
	if (!memcmp(of, &xtcp_own_none, sizeof(*of)))
		return true;
	*own = copy(of, XTCP_GFP_QUIET);
	return *own;
}

void xtcp_own_free(const struct xtcp_own *own)
{
	if (own != &xtcp_own_none)
		kfree(own);
}
