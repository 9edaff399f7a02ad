//! tokio-util codecs over the incremental decoders, for programs that read or play a listener asynchronously.

use std::io;

use bytes::BytesMut;
use tokio_util::codec::Decoder;

use crate::listener::{EnvelopeDecoder, Received};

/// The listener's side: a stream of [`Received`] events.
#[derive(Debug, Default)]
pub struct ListenerCodec {
    decoder: EnvelopeDecoder,
}

impl Decoder for ListenerCodec {
    type Item = Received;
    type Error = io::Error;

    fn decode(&mut self, src: &mut BytesMut) -> Result<Option<Received>, io::Error> {
        self.decoder.feed(&src.split());
        self.decoder.next_event().map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
    }

    fn decode_eof(&mut self, src: &mut BytesMut) -> Result<Option<Received>, io::Error> {
        match self.decode(src)? {
            Some(received) => Ok(Some(received)),
            None if self.decoder.is_between_events() => Ok(None),
            None => Err(io::ErrorKind::UnexpectedEof.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_come_out_and_a_cut_stream_is_an_error() {
        let mut codec = ListenerCodec::default();
        let mut src = BytesMut::from(&b"eventname:TICK_5 len:7\nwhen:10eventname:TI"[..]);
        assert_eq!(codec.decode(&mut src).unwrap().unwrap().payload, "when:10");
        assert!(codec.decode(&mut src).unwrap().is_none());
        assert_eq!(codec.decode_eof(&mut src).unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
    }
}
