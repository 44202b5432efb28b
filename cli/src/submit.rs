//! From payloads to logged statements: numbered, signed, spooled, posted, proved.

use std::collections::BTreeMap;

use gateway::client::{AppendStatus, Client};
use gateway::draft::{Labels, Surroundings};
use gateway::forward::{self, Outcome, ReceiptError};
use gateway::signer::Signer;
use gateway::spool::{Spool, SpoolName};
use schemas::envelope::Statement;
use schemas::ids::{LogId, StatementId};
use schemas::kinds::{Stream, StreamOp};
use schemas::note::Note;
use schemas::payload::{Body, Kind, PAYLOAD_VERSION, Payload, Vantage};
use schemas::text::Tenant;
use verifier::checkpoint::VerifiedHead;

use crate::context::Context;
use crate::failure::Failure;
use crate::moment;
use crate::receipts;
use crate::registration::Registration;
use crate::submitted::{SubmitResult, Submitted};
use crate::trust::Trust;

/// Brings one key's statements to one log.
pub(crate) struct Submission<'a> {
    context: &'a Context,
    client: &'a Client,
    trust: Option<&'a Trust>,
    log: LogId,
    signer: Signer,
    registration: Registration,
    spools: BTreeMap<Tenant, Spool>,
    /// What is signed here and not spooled yet, with the line that it came from.
    signed: Vec<(Option<usize>, Statement)>,
    /// Numbers given out and not spooled yet.
    reserved: BTreeMap<Tenant, u64>,
}

impl<'a> Submission<'a> {
    pub(crate) fn new(
        context: &'a Context,
        client: &'a Client,
        trust: Option<&'a Trust>,
        log: LogId,
        (signer, registration): (Signer, Registration),
    ) -> Self {
        Self {
            context,
            client,
            trust,
            log,
            signer,
            registration,
            spools: BTreeMap::new(),
            signed: Vec::new(),
            reserved: BTreeMap::new(),
        }
    }

    /// What fills the gaps of drafts.
    pub(crate) fn surroundings(&self, tenant: Tenant) -> Result<Surroundings, Failure> {
        let seen = match self.trust {
            Some(trust) => self.context.heads()?.seen(trust),
            None => None,
        };
        let principal = self.signer.iss().clone();
        Ok(Surroundings { log: self.log, tenant, seen, principal, roles: self.registration.role_names() })
    }

    /// A payload of this body, seen now by the signer.
    pub(crate) fn payload(&self, tenant: Tenant, vantage: Vantage, body: Body) -> Result<Payload, Failure> {
        let seen = self.surroundings(tenant.clone())?.seen;
        Ok(Payload {
            v: PAYLOAD_VERSION,
            kind: body.kind(),
            log: Some(self.log),
            tenant,
            stream: None,
            seq: None,
            at: moment::now(),
            seen,
            vantage,
            task: None,
            trace: None,
            refs: Vec::new(),
            source: None,
            attachments: Vec::new(),
            ext: BTreeMap::new(),
            body,
        })
    }

    /// Numbers and signs a payload. Nothing is written yet.
    pub(crate) fn sign(&mut self, line: Option<usize>, mut payload: Payload) -> Result<StatementId, Failure> {
        if payload.stream.is_none() && payload.source.is_none() {
            let spool = self.spool(&payload.tenant)?;
            let (stream, next) = (spool.stream(), spool.next());
            let reserved = self.reserved.entry(payload.tenant.clone()).or_default();
            (payload.stream, payload.seq) = (Some(stream), Some(next + *reserved));
            *reserved += 1;
        }
        let statement = self.signer.sign(&payload)?;
        let id = statement.id();
        self.signed.push((line, statement));
        Ok(id)
    }

    /// [`Self::sign`] for a draft with a label.
    pub(crate) fn sign_draft(
        &mut self,
        line: usize,
        label: Option<String>,
        payload: Payload,
        labels: &mut Labels,
    ) -> Result<(), Failure> {
        let id = self.sign(Some(line), payload)?;
        match label {
            Some(label) => Ok(labels.define(label, id)?),
            None => Ok(()),
        }
    }

    /// Opens a tenant's spool, so that what is left over there goes along.
    pub(crate) fn open_spool(&mut self, tenant: &Tenant) -> Result<(), Failure> {
        self.spool(tenant).map(|_| ())
    }

    /// Spools what was signed, posts it behind what was left over from before, and says what became of each.
    pub(crate) fn send(mut self) -> Result<Submitted, Failure> {
        let mut waiting: Vec<(Option<usize>, Statement)> =
            self.spools.values().flat_map(Spool::unsent).map(|statement| (None, statement.clone())).collect();
        self.spool_signed()?;
        waiting.append(&mut self.signed);
        let mut submitted = Submitted::default();
        self.post(waiting, &mut submitted)?;
        self.void_refused(&mut submitted)?;
        for spool in self.spools.values_mut() {
            spool.compact()?;
        }
        submitted.kept = self.spools.values().map(|spool| spool.unsent().count()).sum();
        Ok(submitted)
    }

    fn spool(&mut self, tenant: &Tenant) -> Result<&mut Spool, Failure> {
        let spool = match self.spools.remove(tenant) {
            Some(spool) => spool,
            None => {
                let name = SpoolName { log: self.log, kid: *self.signer.kid(), tenant: tenant.clone() };
                Spool::open(&self.context.spool_root()?, &name)?
            }
        };
        Ok(self.spools.entry(tenant.clone()).or_insert(spool))
    }

    fn spool_signed(&mut self) -> Result<(), Failure> {
        for (tenant, spool) in &mut self.spools {
            let own = |statement: &&Statement| {
                statement.payload.tenant == *tenant && statement.payload.stream == Some(spool.stream())
            };
            let statements =
                self.signed.iter().map(|(_, statement)| statement).filter(own).cloned().collect();
            spool.put(statements)?;
        }
        self.reserved.clear();
        Ok(())
    }

    fn post(
        &mut self,
        waiting: Vec<(Option<usize>, Statement)>,
        submitted: &mut Submitted,
    ) -> Result<(), Failure> {
        let (lines, statements): (Vec<_>, Vec<_>) = waiting.into_iter().unzip();
        let kinds: Vec<Kind> = statements.iter().map(|statement| statement.payload.kind).collect();
        let (trust, client) = (self.trust, self.client);
        let mut proved: Option<(Note, VerifiedHead)> = None;
        let mut check = |statements: &[&Statement], appended: &_| -> Result<(), ReceiptError> {
            if let Some(trust) = trust {
                proved = Some(receipts::check(trust, client, statements, appended)?);
            }
            Ok(())
        };
        let spools = &mut self.spools;
        let results = &mut submitted.results;
        let mut settled = |outcomes: Vec<Outcome>| {
            let fates: Vec<_> = outcomes.iter().map(|outcome| (outcome.id, outcome.fate())).collect();
            for outcome in outcomes {
                let at = results.len();
                results.push(SubmitResult::new(lines[at], kinds[at], outcome));
            }
            spools.values_mut().try_for_each(|spool| spool.settle(&fates))
        };
        let delivered = forward::deliver(self.client, &statements, &mut check, &mut settled);
        if let (Some(trust), Some((note, head))) = (trust, proved) {
            self.context.heads()?.advance(trust, self.client, &note, &head)?;
            submitted.head = Some(head);
        }
        submitted.broke_off = delivered.err().map(Failure::from);
        Ok(())
    }

    /// Declares the numbers void that the log refused, so that they are not taken for lost statements.
    fn void_refused(&mut self, submitted: &mut Submitted) -> Result<(), Failure> {
        let reached = submitted.results.iter().any(|result| result.status != AppendStatus::Refused);
        if !reached || submitted.broke_off.is_some() {
            return Ok(());
        }
        let refused: Vec<(Tenant, Vec<u64>)> = self
            .spools
            .iter()
            .filter(|(_, spool)| !spool.refused().is_empty())
            .map(|(tenant, spool)| (tenant.clone(), spool.refused().to_vec()))
            .collect();
        for (tenant, numbers) in refused {
            let body = Stream { op: StreamOp::Void, previous: None, next: None, void: numbers.clone() };
            let payload = self.payload(tenant.clone(), Vantage::Self_, Body::Stream(body))?;
            self.sign(None, payload)?;
            self.spool_signed()?;
            let statements = std::mem::take(&mut self.signed);
            let mut voiding = Submitted::default();
            self.post(statements, &mut voiding)?;
            if voiding.results.iter().any(|result| result.status != AppendStatus::Refused) {
                self.spool(&tenant)?.voided(&numbers);
            }
            submitted.head = voiding.head.or(submitted.head.take());
        }
        Ok(())
    }
}
